"""Tokenizer folders without a tokenizer.json: the files and settings of each, in one table."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

HERE = Path(__file__).parent


def bpe(name):
    return {"vocab.json": f"{name}.json", "merges.txt": f"{name}.txt"}


def settings(name, **config):
    return {"tokenizer_class": f"{name}Tokenizer", **config}


WORDS, CASED = {"vocab.txt": "wordpiece.txt"}, {"vocab.txt": "cased.txt"}
T5 = {"spiece.model": "t5.model"}
FAIRSEQ = {"sentencepiece.bpe.model": "fairseq.model"}
LLAMA = {"tokenizer.model": "llama.model"}
ROBERTA = bpe("roberta")

# Folder -> its files, made of those in this folder, and tokenizer_config.json.
FOLDERS = {
    "bert": (WORDS, settings("Bert")),
    "bert-cased": (CASED, settings("Bert", do_lower_case=False)),
    "bert-accents": (CASED, settings("Bert", do_lower_case=True, strip_accents=False)),
    "bert-strip": (
        CASED,
        settings("Bert", do_lower_case=False, strip_accents=True, tokenize_chinese_chars=False),
    ),
    "electra": (WORDS, settings("Electra")),
    "mpnet": ({"vocab.txt": "mpnet.txt"}, settings("MPNet")),
    "esm": ({"vocab.txt": "esm.txt"}, settings("Esm")),
    "gpt2": (bpe("gpt2"), settings("GPT2")),
    "gpt2-bos": (bpe("gpt2"), settings("GPT2", add_bos_token=True, add_prefix_space=True)),
    "roberta": (ROBERTA, settings("Roberta")),
    "blenderbot": (ROBERTA, settings("Blenderbot", add_prefix_space=True)),
    "deberta": (bpe("deberta"), settings("Deberta")),
    "qwen2": (bpe("gpt2"), settings("Qwen2")),
    "clip": (bpe("clip"), settings("CLIP")),
    "t5": (T5, settings("T5")),
    "t5-few": (T5, settings("T5", extra_ids=2)),
    "xlm-r": (FAIRSEQ, settings("XLMRoberta")),
    "camembert": (FAIRSEQ, settings("Camembert")),
    "albert": ({"spiece.model": "albert.model"}, settings("Albert")),
    "albert-cased": (
        {"spiece.model": "albert.model"},
        settings("Albert", do_lower_case=False, keep_accents=True),
    ),
    "deberta-v2": ({"spm.model": "deberta.model"}, settings("DebertaV2")),
    "big-bird": ({"spiece.model": "bigbird.model"}, settings("BigBird")),
    "pegasus": (T5, settings("Pegasus", offset=5)),
    "llama": (LLAMA, settings("Llama", legacy=True)),
    "llama-eos": (LLAMA, settings("Llama", legacy=True, add_eos_token=True)),
    "llama-new": (LLAMA, settings("Llama", legacy=False)),
    "gemma": ({"tokenizer.model": "gemma.model"}, settings("Gemma")),
    "xglm": (FAIRSEQ, settings("XGLM")),
    "mbart": (FAIRSEQ, settings("MBart", src_lang="en_XX")),
    "mbart50": (FAIRSEQ, settings("MBart50", src_lang="de_DE")),
    "nllb": (FAIRSEQ, settings("Nllb")),
    "nllb-legacy": (FAIRSEQ, settings("Nllb", legacy_behaviour=True, src_lang="fra_Latn")),
    "marian": (
        {"source.spm": "fairseq.model", "target.spm": "t5.model", "vocab.json": "marian.json"},
        settings("Marian", source_lang="en", target_lang="fr"),
    ),
    "m2m100": (
        {"sentencepiece.bpe.model": "llama.model", "vocab.json": "m2m100.json"},
        settings("M2M100", src_lang="de"),
    ),
    "byt5": ({}, settings("ByT5")),
    "tekken": ({"tekken.json": "tekken.json"}, settings("MistralCommon")),
}


def make_folder(name, parent):
    """A folder of the table, in a parent folder."""
    files, config = FOLDERS[name]
    folder = parent / name
    folder.mkdir(parents=True)
    for target, source in files.items():
        shutil.copy(HERE / source, folder / target)
    if name.startswith("nllb"):
        codes = nllb_ids(HERE / "fairseq.model")
        config = {**config, "added_tokens_decoder": codes}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return folder


def nllb_ids(model):
    """NLLB's languages and mask as its published files list them: after the pieces."""
    from attnviz.sources.tokenizing.language_codes import NLLB
    from attnviz.sources.tokenizing.sentencepiece_model import read_sentencepiece

    first = len(read_sentencepiece(model).pieces) + 1
    tokens = enumerate([*NLLB, "<mask>"], start=first)
    flags = {"lstrip": False, "normalized": False, "rstrip": False, "single_word": False}
    return {
        str(i): {"content": token, "special": True, **flags, "lstrip": token == "<mask>"}
        for i, token in tokens
    }
