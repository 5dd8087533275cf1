"""Logits by `transformers`, in float64, of every checkpoint that has an output head.

    hf/bin/python -m tests.checkpoints.logits [FOLDER …]

writes `logits.npz` into the folders: token ids, those of the decoder ("target"), and the logits
[token, V]. `LOGIT_SETTINGS` are the same weights read with another config.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, AutoModelForMaskedLM, AutoModelForSeq2SeqLM

from tests.checkpoints.build import add_alibi_once
from tests.checkpoints.checksums import MODELS, write_sums
from tests.checkpoints.inputs import SHORT, TARGET
from tests.checkpoints.references import float64_by_default
from tests.checkpoints.settings import CHECKPOINTS, LOGIT_SETTINGS

EXPERTS = {"experts_implementation": "eager"} if transformers.__version__ >= "5" else {}


def write_logits(folder: str) -> None:
    """The logits of a checkpoint, and those with each of its other settings."""
    path = MODELS / folder
    arrays = compute_logits(path, {})
    for name, (base, changes) in LOGIT_SETTINGS.items():
        if base == folder:
            arrays[name] = compute_logits(path, changes)["logits"]
    np.savez_compressed(path / "logits.npz", **arrays)


def compute_logits(path: Path, changes: dict[str, Any]) -> dict[str, Any]:
    """The logits of a text with some settings changed.    -> [token, V]"""
    config = json.loads((path / "config.json").read_text())
    architecture = config["architectures"][0]
    kind: Any = AutoModelForCausalLM
    if "MaskedLM" in architecture:
        kind = AutoModelForMaskedLM
    elif config.get("is_encoder_decoder"):
        kind = AutoModelForSeq2SeqLM
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(shutil.copytree(path, Path(temporary) / "model"))
        (copy / "config.json").write_text(json.dumps(config | changes))
        model = kind.from_pretrained(
            copy,
            dtype=torch.float64,
            attn_implementation="eager",
            **EXPERTS,
        ).eval()
    tokenizer = Tokenizer.from_file(str(path / "tokenizer.json"))
    ids = tokenizer.encode(SHORT).ids
    found: dict[str, Any] = {"ids": np.array(ids)}
    given: dict[str, Any] = {"input_ids": torch.tensor([ids])}
    if config.get("is_encoder_decoder"):
        words = tokenizer.encode(TARGET, add_special_tokens=False).ids
        target = [config.get("decoder_start_token_id") or 0, *words]
        found["target"] = np.array(target)
        given["decoder_input_ids"] = torch.tensor([target])
    with torch.no_grad(), float64_by_default():
        logits = model(**given).logits[0]
    return found | {"logits": logits.numpy().astype(np.float32)}


def main(names: list[str]) -> None:
    """Write the logits of these folders (none: all that have an output head)."""
    add_alibi_once()
    for folder in names or CHECKPOINTS:
        if not CHECKPOINTS[folder][3].keys() & {"bare", "quantize"}:
            write_logits(folder)
    write_sums()


if __name__ == "__main__":
    main(sys.argv[1:])
