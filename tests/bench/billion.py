"""A seeded checkpoint of the size of a Llama of 1.1 billion parameters, with a tokenizer."""

import json
import math
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from tests.bench.tasks import BILLION, shapes

TEXT = " ".join(["cat"] * 64)
STD = 0.02  # of the weights

SCRIPT = """
import sys, numpy, torch
from transformers import AutoModelForCausalLM, AutoTokenizer
path, text, target = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(path)
model = AutoModelForCausalLM.from_pretrained(
    path, dtype=torch.bfloat16, attn_implementation="eager"
).eval()
with torch.no_grad():
    made = model(**tokenizer(text, return_tensors="pt"), output_attentions=True)
numpy.savez(target, weights=numpy.stack([a[0].float().numpy() for a in made.attentions]))
"""


HOMES = []  # deleted when the program ends


@cache
def folder():
    """The folder of the checkpoint: 2.2 GB, removed at the end of the run."""
    home = tempfile.TemporaryDirectory(prefix="attnviz-bench-")
    HOMES.append(home)
    write(Path(home.name))
    return home.name


def write(path):
    """Config, tokenizer and weights; the weights repeat a million seeded numbers."""
    config = BILLION | {
        "architectures": ["LlamaForCausalLM"],
        "bos_token_id": 1,
        "eos_token_id": 2,
    }
    (path / "config.json").write_text(json.dumps(config))
    words = {"<unk>": 0, "<s>": 1, "</s>": 2, "cat": 3}
    tokenizer = {
        "version": "1.0",
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": words, "unk_token": "<unk>"},
    }
    (path / "tokenizer.json").write_text(json.dumps(tokenizer))
    kind = {"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "<unk>"}
    (path / "tokenizer_config.json").write_text(json.dumps(kind))
    header, at = {"__metadata__": {"format": "pt"}}, 0
    for name, shape in shapes():
        end = at + 2 * math.prod(shape)
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [at, end]}
        at = end
    numbers = np.random.default_rng(0).normal(0, STD, 1_000_003).astype(np.float32)
    seeded = (numbers.view(np.uint32) >> 16).astype(np.uint16)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with (path / "model.safetensors").open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for _, shape in shapes():
            file.write(np.resize(seeded, math.prod(shape)).tobytes())
