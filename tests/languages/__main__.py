"""Sources, decoder inputs and generated tokens of translation models by `transformers`.

    hf/bin/python -m tests.languages

writes tests/languages/FOLDER/tokenizer.json and references.json. The models are the tiny ones of
tests/models, read with the settings in MODELS.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoModelForSeq2SeqLM,
    MBart50Tokenizer,
    MBartTokenizer,
    NllbTokenizer,
)
from transformers.models.m2m_100 import modeling_m2m_100
from transformers.models.mbart import modeling_mbart

from tests.languages.settings import CASES, CONFIG, FOLDER, MODELS, SPECIAL, WORDS

N_NEW = 6


def build_tokenizer(name: str) -> Any:
    """A small tokenizer of the class."""
    pieces = [*SPECIAL, *(f"▁{word}" for word in WORDS)]
    if name.startswith("nllb"):
        languages = ["eng_Latn", "fra_Latn", "zho_Hant"]
        return NllbTokenizer(
            vocab={piece: i for i, piece in enumerate(pieces)},
            merges=[],
            src_lang="eng_Latn",
            additional_special_tokens=languages,
            legacy_behaviour=name.endswith("legacy"),
        )
    kind = MBart50Tokenizer if name == "mbart50" else MBartTokenizer
    return kind(vocab=[(piece, -float(i)) for i, piece in enumerate(pieces)], src_lang="en_XX")


def compute_row(model: Any, tokenizer: Any, name: str, case: tuple[str, ...]) -> dict[str, Any]:
    """The ids of one text and its translation."""
    source, target, text, translation = case
    tokenizer.src_lang, tokenizer.tgt_lang = source, target
    ids = tokenizer(text)["input_ids"]
    labels = torch.tensor([tokenizer(text_target=translation)["input_ids"]])
    pad, start_id = CONFIG["pad_token_id"], CONFIG["decoder_start_token_id"]
    if "mbart" in name:
        decoder = modeling_mbart.shift_tokens_right(labels, pad)[0].tolist()
    else:
        decoder = modeling_m2m_100.shift_tokens_right(labels, pad, start_id)[0].tolist()
    language = tokenizer.convert_tokens_to_ids(target)
    start = "decoder_start_token_id" if name == "mbart" else "forced_bos_token_id"
    given = torch.tensor([ids])
    more = model.generate(
        given,
        attention_mask=torch.ones_like(given),
        max_new_tokens=N_NEW,
        do_sample=False,
        **{start: language},
    )[0].tolist()
    return {"case": case, "source": ids, "decoder": decoder, "generated": more}


def main() -> None:
    """Write the tokenizers and the table."""
    table = {}
    for name, base in MODELS.items():
        tokenizer = build_tokenizer(name)
        folder = FOLDER / name
        folder.mkdir(exist_ok=True)
        tokenizer._tokenizer.save(str(folder / "tokenizer.json"))
        with tempfile.TemporaryDirectory() as temporary:
            copy = Path(shutil.copytree(base, Path(temporary) / "model"))
            config = json.loads((copy / "config.json").read_text())
            (copy / "config.json").write_text(json.dumps(config | CONFIG))
            model = AutoModelForSeq2SeqLM.from_pretrained(copy, dtype=torch.float32).eval()
        table[name] = [compute_row(model, tokenizer, name, case) for case in CASES[name]]
        tokenizer.src_lang = "eng_Latn" if name.startswith("nllb") else "en_XX"
    text = ",\n".join(
        f"{json.dumps(name)}: [\n" + ",\n".join(map(json.dumps, rows)) + "\n]"
        for name, rows in table.items()
    )
    (FOLDER / "references.json").write_text("{\n" + text + "\n}\n")


if __name__ == "__main__":
    main()
