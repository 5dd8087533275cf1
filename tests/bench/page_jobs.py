"""What pages, captions and reports of heads wait for, and their references."""

import io
import os
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

import attnviz
from attnviz.api.blas_threads import use_threads
from attnviz.api.head_facts import describe_heads
from attnviz.core.tokens import Token
from tests.bench.sentences import sentences_of_lengths

N_LAYER, N_HEAD, N_TOKEN = 12, 12, 512
SENTENCES = sentences_of_lengths(200)
HEADS = str(Path(tempfile.gettempdir()) / f"attnviz-bench-{os.getpid()}-heads.json")
PART = "from attnviz.core.registry import find_part; find_part('normalize', 'stick-breaking')"
FILE = "import attnviz.core.registry, attnviz.core.normalizers.stick_breaking"


@cache
def large_map():
    """Random causal heads with an attention sink, of a model of usual size."""
    numbers = np.random.default_rng(0)
    visible = np.tri(N_TOKEN, dtype=bool)
    layers = []
    for _ in range(N_LAYER):
        logits = numbers.normal(0, 1, (N_HEAD, N_TOKEN, N_TOKEN)).astype(np.float32)
        logits[..., 0] += 3
        mass = np.exp(logits) * visible
        layers.append(mass / mass.sum(-1, keepdims=True))
    tokens = tuple(Token(f"word{i % 97}", f"word{i % 97}") for i in range(N_TOKEN))
    meta = {"model": "random", "trained": True}
    return attnviz.AttentionMap(tokens, tokens, np.stack(layers), visible, meta=meta)


def write_page():
    """The page of all heads, with captions and measures."""
    attnviz.write(large_map(), io.BytesIO(), format="html")


@use_threads()
def describe():
    """Patterns, summaries and measures of all heads."""
    describe_heads(large_map())


def compress():
    """All heads as NumPy compresses them."""
    np.savez_compressed(io.BytesIO(), large_map().weights)


def entropies():
    """The entropy of all rows in one expression."""
    weights = large_map().weights
    np.where(weights > 0, -weights * np.log2(np.maximum(weights, 1e-30)), 0).sum(-1)


def sentences_file():
    """The sentences, one a line."""
    path = Path(HEADS).with_suffix(".txt")
    path.write_text("\n".join(SENTENCES))
    return str(path)
