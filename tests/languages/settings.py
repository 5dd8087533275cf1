"""Texts and settings of the translation models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
TINY = FOLDER.parent / "models"
SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
WORDS = ["the", "a", "cat", "dog", "bird", "sat", "ran", "on", "mat", "le", "chat", "chien"]
MODELS = {  # the tokenizer's folder, and the model
    "nllb": TINY / "m2m_100",
    "nllb-legacy": TINY / "m2m_100",
    "mbart50": TINY / "mbart",
    "mbart": TINY / "mbart",
}
CONFIG: dict[str, Any] = {
    "pad_token_id": 1,
    "bos_token_id": 0,
    "eos_token_id": 2,
    "decoder_start_token_id": 2,
    "forced_eos_token_id": None,
}
NLLB = [
    ("eng_Latn", "fra_Latn", "the cat sat", "le chat"),
    ("fra_Latn", "zho_Hant", "le chien", "a bird ran"),
]
MBART = [
    ("en_XX", "fr_XX", "the cat sat", "le chat"),
    ("fr_XX", "ro_RO", "le chien", "a bird ran"),
]
CASES = {"nllb": NLLB, "nllb-legacy": NLLB, "mbart50": MBART, "mbart": MBART}
