"""Make tiny random checkpoints of every family, and references by `transformers`.

The tests compare against the files this writes; they need neither torch nor transformers. To
make the files again, in an environment of its own:

    python -m venv hf && hf/bin/pip install torch==2.13.0 transformers==5.23.0
    hf/bin/python -m tests.checkpoints [FOLDER …]

Each folder under tests/models holds `config.json`, `tokenizer.json`, the weights, `logits.npz`
where the model has an output head (see logits.py), and
`reference.npz`: token ids, eager attentions and last hidden states of three inputs, and
tokens of greedy decoding. "alone" is one text, "padded" is the text that was shorter in a batch
with it, "pair" has two segments. `published.json` holds the default config of each
family, `buckets.npz` the buckets of distances. SHA256SUMS lists every
file.

Weights are random, norms are not 1, biases are not 0, and logits vary enough for a wrong part
to change the result. References are computed in float64.
"""

from __future__ import annotations

import json
import sys

import numpy as np
import torch
import transformers
from transformers import AutoConfig

from tests.checkpoints.build import (
    add_alibi_once,
    build_model,
    build_tokenizer,
    cast,
    randomize,
    to_float64,
)
from tests.checkpoints.checksums import MODELS, write_sums
from tests.checkpoints.inputs import BERT, END, VOCAB
from tests.checkpoints.logits import write_logits
from tests.checkpoints.quantize import QUANTIZERS, store_quantized
from tests.checkpoints.references import bucket_table, compute_references, default_config
from tests.checkpoints.settings import CHECKPOINTS, ROPE_SETTINGS


def main(names: list[str]) -> None:
    """Write these folders (none: all of them), published.json, buckets.npz and checksums."""
    add_alibi_once()
    major = int(transformers.__version__.split(".")[0])
    for folder in names or CHECKPOINTS:
        if CHECKPOINTS[folder][3].get("transformers", 5) == major:
            make_checkpoint(folder)
    published = {family: default_config(family) for family, *_ in CHECKPOINTS.values()}
    (MODELS / "published.json").write_text(json.dumps(published, indent=1) + "\n")
    np.savez_compressed(MODELS / "buckets.npz", **bucket_table())
    write_sums()


def make_checkpoint(folder: str) -> None:
    """One checkpoint and its references."""
    family, frame, settings, how = CHECKPOINTS[folder]
    special = frame[0].split()
    ids = {"pad_token_id": special.index("[PAD]" if frame is BERT else "<pad>")}
    ids |= {"vocab_size": VOCAB} | ({} if frame is BERT else {"eos_token_id": END})
    if "text_config" in settings:
        settings = settings | {"text_config": ids | settings["text_config"]}
    config = AutoConfig.for_model(family, **(ids | settings))
    config._attn_implementation = config._experts_implementation = "eager"
    model = build_model(config, bare=how.get("bare", False))
    randomize(model, folder)
    model = cast(model, getattr(torch, how.get("dtype", "float32")))
    path = MODELS / folder
    path.mkdir(parents=True, exist_ok=True)
    stored = QUANTIZERS[how["quantize"]](model) if "quantize" in how else None
    size = "60kB" if "shards" in how else "5GB"
    model.save_pretrained(path, max_shard_size=size)
    (path / "generation_config.json").unlink(missing_ok=True)
    if stored is not None:
        store_quantized(path, stored)
    tokenizer = build_tokenizer(frame)
    (path / "tokenizer.json").write_text(tokenizer.to_str() + "\n")
    judge = to_float64(config, model, how)
    np.savez_compressed(path / "reference.npz", **compute_references(judge, tokenizer))
    if not how.get("bare") and "quantize" not in how:
        write_logits(folder)
    for name, (base, changes) in ROPE_SETTINGS.items():
        if base == folder:
            other = AutoConfig.for_model(family, **(ids | settings | changes))
            other._attn_implementation = other._experts_implementation = "eager"
            outputs = compute_references(to_float64(other, model, how), tokenizer)
            np.savez_compressed(path / f"{name}.npz", config=json.dumps(changes), **outputs)


if __name__ == "__main__":
    main(sys.argv[1:])
