"""Greedy decoding by `transformers` with settings in generation_config.json.

    hf/bin/python -m tests.checkpoints.generation

writes tests/models/generation.json: per folder, the settings and the generated ids.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM
from transformers.utils import logging

from tests.checkpoints.checksums import MODELS, write_sums
from tests.sources.weight_samples import IDS

N_NEW = 12
DECODERS = ("gpt2", "llama", "gemma2", "opt", "bloom", "phi3")
ENCODER_DECODERS = ("bart", "t5", "marian", "mbart", "m2m_100")


def settings(first: list[int], is_decoder: bool) -> list[dict[str, Any]]:
    """Settings to try; `first` are the ids that plain greedy decoding generates."""
    a, b, c = first[1], first[2], first[3]
    rows: list[dict[str, Any]] = [
        {},
        {"eos_token_id": [98, c]},
        {"eos_token_id": b, "min_new_tokens": 6},
        {"eos_token_id": b, "min_length": 5 if not is_decoder else len(IDS) + 5},
        {"no_repeat_ngram_size": 1},
        {"no_repeat_ngram_size": 2},
        {"no_repeat_ngram_size": 3},
        {"repetition_penalty": 1.5},
        {"repetition_penalty": 0.8},
        {"bad_words_ids": [[a], [first[0], b]]},
        {"bad_words_ids": [[first[0], a, b], [c]], "repetition_penalty": 1.1},
        {"suppress_tokens": [a, c]},
        {"begin_suppress_tokens": [first[0]]},
    ]
    if not is_decoder:
        rows += [
            {"forced_bos_token_id": 44},
            {"forced_bos_token_id": 44, "begin_suppress_tokens": [a, b]},
            {"decoder_start_token_id": 17},
        ]
    return rows


def generate(folder: Path, values: dict[str, Any] | None) -> list[int]:
    """The ids that transformers generates with these values in generation_config.json."""
    with tempfile.TemporaryDirectory() as temporary:
        changed = Path(temporary) / "model"
        shutil.copytree(folder, changed)
        if values is not None:
            (changed / "generation_config.json").write_text(json.dumps(values))
        config = json.loads((folder / "config.json").read_text())
        is_decoder = folder.name in DECODERS
        kind = AutoModelForCausalLM if is_decoder else AutoModelForSeq2SeqLM
        model = kind.from_pretrained(changed, dtype=torch.float32).eval()
        ids = torch.tensor([IDS])
        more = model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=N_NEW,
            do_sample=False,
            pad_token_id=config.get("pad_token_id", 0),
        )[0].tolist()
        return more[len(IDS) :] if is_decoder else more[1:]


def main() -> None:
    """Write the table."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    table = {}
    for name in (*DECODERS, *ENCODER_DECODERS):
        folder = MODELS / name
        start = json.loads((folder / "config.json").read_text()).get("decoder_start_token_id")
        base = {} if start is None else {"decoder_start_token_id": start}
        first = generate(folder, base)
        rows = [base | row for row in settings(first, name in DECODERS)]
        table[name] = [{"settings": row, "ids": generate(folder, row)} for row in rows]
        table[name].append({"settings": None, "ids": generate(folder, None)})
        print(name, len(rows), first, flush=True)
    lines = (
        f"{json.dumps(name)}: [\n" + ",\n".join(map(json.dumps, rows)) + "\n]"
        for name, rows in table.items()
    )
    (MODELS / "generation.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
    write_sums()


if __name__ == "__main__":
    main()
