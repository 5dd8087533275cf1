"""The arithmetic of cells that few sentences have: huge, zero and equal vectors, masks."""

import json

import numpy as np
import pytest

from attnviz.api.explain import explain
from attnviz.core.variants import VARIANTS
from attnviz.render.reports.json_explanation import explanation_document
from tests.cli.by_hand import parse_document, recompute
from tests.cli.test_arithmetic import is_source

WORDS = ["a", "b", "c", "d", "e", "f"]


def vectors(scale, zero="", seed=1):
    """A vector per word; of those in `zero`, the zero vector."""
    numbers = np.random.default_rng(seed).normal(size=(len(WORDS), 8)) * scale
    return {
        word: [0.0] * 8 if word in zero else row.tolist()
        for word, row in zip(WORDS, numbers, strict=True)
    }


HUGE, SOME_ZERO = vectors(400.0), vectors(1.0, zero="ce")
EQUAL = {word: [0.5, -1.0] * 4 for word in WORDS}
CASES = [  # a row, the query and the key, and what differs
    ("hard", "5,2", {"embedding": EQUAL}),  # a tie
    ("moba", "5,2", {"embedding": EQUAL}),
    ("path", "5,2", {"embedding": SOME_ZERO}),  # no unit vector
    ("cosine", "5,2", {"embedding": SOME_ZERO}),
    ("cosformer", "2,4", {"embedding": SOME_ZERO}),  # no score is positive
    ("longnet", "3,2", {"embedding": HUGE}),  # exponents relative to their maximum
    ("native-sparse", "5,2", {"embedding": HUGE}),
    ("efficient", "5,2", {"embedding": HUGE}),
    ("linformer", "5,2", {"embedding": HUGE}),
    ("nystrom", "5,2", {"embedding": HUGE}),
    ("nystrom", "2,2", {"embedding": vectors(400.0, seed=0), "landmarks": 2}),  # y M ≠ left
    ("sparse-sinkhorn", "5,2", {"embedding": HUGE}),
    ("sparse-sinkhorn", "5,0", {"mask": "sinks(1)"}),  # a slot without keys
    ("moba", "5,2", {"mask": "causal & ~(window(3) & ~window(2))", "block": 2}),
    ("bounded-memory", "5,2", {"embedding": HUGE}),
    ("ntm", "5,2", {"embedding": HUGE}),
    ("ntm", "5,2", {"mask": "~window(2)"}),
    ("monotonic", "2,5", {"mask": "~window(2)"}),
    ("path", "1,4", {}),  # a later key
    ("alibi", "5,2", {"heads": 3, "head": 2, "dim": 12}),  # between two slopes
    ("causal", "5,2", {"temperature": 0.333333}),
    ("delta-product", "5,2", {"householders": 1}),
    ("entmax", "5,2", {"alpha": 1.0}),
    ("sparse-sinkhorn", "5,2", {"rounds": 0}),
    ("deberta", "1,4", {"terms": "c2p"}),
    ("deberta", "1,4", {"terms": "p2c"}),
    ("latent", "5,2", {"rope_dim": 0}),
    ("tupe", "2,0", {}),  # the column of the first token
    ("indexed", "5,2", {"index_dim": 1}),
    ("rope", "0,0", {"text": "a"}),
    ("query-to-context", "0,0", {"text": "a"}),
]


@pytest.mark.parametrize(
    ("name", "cell", "options"),
    CASES,
    ids=[f"{name}-{n}" for n, (name, *_) in enumerate(CASES)],
)
def test_the_numbers_of_the_document_give_its_weight(name, cell, options):
    options = {"text": " ".join(WORDS), "tokenizer": "whitespace"} | options
    context = "a b c" if VARIANTS[name].context == "required" else None
    text, query_and_key = options.pop("text"), tuple(cell.split(","))
    explained = explain(text, context, variant=name, cell=query_and_key, **options)
    lines = parse_document(json.loads(explanation_document(explained))["cell"])
    weight = recompute(lines, is_source, tolerance=1e-7, of_weight=1e-7)
    assert lines[-1][0] == "weight" and weight == pytest.approx(lines[-1][2], abs=1e-7)
    shown = {step.name: step for step in explained.steps}["weights"].numbers
    if np.ndim(shown) == 2:
        query, key = map(int, query_and_key)
        assert np.nan_to_num(shown[query][key]) == pytest.approx(weight, abs=1e-6)
