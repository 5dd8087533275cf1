"""Pages and captions of a large map."""

import io
from functools import cache

import numpy as np

import attnviz
from attnviz.api.blas_threads import use_threads
from attnviz.api.head_facts import describe_heads
from attnviz.core.tokens import Token
from tests.bench.measure import Job

N_LAYER, N_HEAD, N_TOKEN = 12, 12, 512


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


PAGES = (
    Job(
        "a page of 12 × 12 heads of 512 tokens",
        "numpy.savez_compressed",
        write_page,
        compress,
        0.5,
        3,
    ),
    Job(
        "patterns and measures of 144 heads of 512 tokens",
        "their entropies in NumPy, one expression",
        describe,
        entropies,
        1.5,
        5,
    ),
)
