"""Dumps of maps whose every cell encodes its index, renamed, transposed, batched and padded.

Each is read right, or refused, or its order of axes is stated as a guess, and right when the
order is given. Never wrong, never silent.
"""

from __future__ import annotations

import json
from collections import Counter
from io import BytesIO
from random import Random
from typing import NamedTuple

import numpy as np
import pytest
from safetensors.numpy import save

from attnviz.errors import AttnvizError
from attnviz.sources.external import axes as axes_of_arrays
from attnviz.sources.external import read
from tests.fuzz.loop import case_numbers

N_CASE = 300
AXES = "blhqk"
WHOLE = ("attentions", "attention", "attn", "weights", "pattern", "attn_probs", "x")
BY_LAYER = (
    "layer_{}",
    "attn.{}",
    "attention_{}",
    "blocks.{}.attn.hook_pattern",
    "model.layers.{}.self_attn",
    "layer.{}.attn",
)


class Case(NamedTuple):
    """A dump: what is true, what is in the file, and how it is read."""

    truth: np.ndarray  # [batch, layer, head, query, key]
    layers: tuple[int, ...]
    item: int
    letters: str  # of the axes of the stored array, or of the list of arrays
    source: object
    words: list[str] | None  # of the tokens of the item, if they are in the source
    padding: list[int]


def encode(*sizes, contrast=8):
    """Rows that sum to 1, every cell different from all others.    -> [b, l, h, q, k], float32"""
    n = np.prod(sizes)
    code = 1 + contrast * np.random.default_rng(7).permutation(n).reshape(sizes) / n
    return np.float32(code / code.sum(-1, keepdims=True))


def store(arrays, random):
    """The named arrays as an object in memory, or as bytes of a file."""
    form = random.choice(["dict", "npz", "json", "safetensors"])
    if form == "json":
        return json.dumps({name: np.asarray(v).tolist() for name, v in arrays.items()}).encode()
    if form == "safetensors" and not any(np.asarray(v).dtype.kind == "U" for v in arrays.values()):
        arrays = {name: np.ascontiguousarray(value) for name, value in arrays.items()}
        return save(arrays)
    if form == "npz":
        np.savez(file := BytesIO(), **arrays)
        return file.getvalue()
    return arrays


def lay_out(truth, item, random):
    """An order of axes, and the array in it: usual, batch first, transposed, axes left out."""
    order = random.choice(
        ["lbhqk"] * 4 + ["blhqk"] * 4 + ["lbhkq", "blqkh", "".join(random.sample(AXES, 5))]
    )
    array = truth.transpose([AXES.index(axis) for axis in order])
    if random.random() < 0.4:  # one item of the batch
        array = array.take([item], order.index("b"))
    for axis in "blh":
        if array.shape[order.index(axis)] == 1 and random.random() < 0.5:
            array = array.squeeze(order.index(axis))
            order = order.replace(axis, "")
    return order, array


def make_case(random):
    """A dump at random."""
    n_batch, n_layer, n_head = (random.choice([1, 1, 2, 3, 4]) for _ in range(3))
    n_key = random.choice([2, 3, 4, 5])
    n_query = n_key if random.random() < 0.8 else random.choice([1, 2, 3])
    sizes = (n_batch, n_layer, n_head, n_query, n_key)
    truth = encode(*sizes, contrast=random.choice([0.5, 8, 100]))
    n_pad = random.choice([0, 0, 1]) if n_query == n_key else 0
    padding = list(range(n_key, n_key + n_pad))
    truth = np.pad(truth, [(0, 0)] * 3 + [(0, n_pad)] * 2)
    item = random.randrange(n_batch)
    order, array = lay_out(truth, item, random)
    has_batch = "b" in order and array.shape[order.index("b")] == n_batch
    by_layer = order.startswith("l") and random.random() < 0.5 and len(order) > 2
    layers = (
        tuple(sorted(random.sample(range(40), n_layer))) if by_layer else tuple(range(n_layer))
    )
    if by_layer:
        name = random.choice(BY_LAYER)
        arrays = {name.format(n): part for n, part in zip(layers, array, strict=True)}
    else:
        arrays = {random.choice(WHOLE): array}
    words = [[f"{b}.{k}" for k in range(n_key + n_pad)] for b in range(n_batch)]
    beside = random.choice(["", "tokens", "words", "input_ids", "token_type_ids"])
    shown = None
    if beside in ("tokens", "words") and n_query == n_key:
        arrays[beside] = np.array(words if has_batch else words[item])
        shown = words[item]
    elif beside.endswith("ids") and has_batch and n_query == n_key:
        arrays[beside] = np.zeros((n_batch, n_key + n_pad), dtype=np.int64)
    if n_pad:
        flags = np.ones((n_batch, n_key + n_pad), dtype=np.int64)
        flags[:, padding] = 0
        arrays["attention_mask"] = flags if has_batch else flags[0]
    names = list(arrays)
    random.shuffle(names)
    source = store({name: arrays[name] for name in names}, random)
    return Case(truth, layers, item, order, source, shown, padding)


def read_case(case):
    """The map of the item: chosen where the dump has a batch."""
    has_batch = case.truth.shape[0] > 1 and "b" in case.letters
    return read(case.source, which=case.item if has_batch else None)


def is_right(case, amap):
    """Whether a map is that of the item, with its layers, tokens and padding."""
    expected = case.truth[case.item]
    labels = [token.label for token in amap.keys]
    return (
        np.array_equal(np.float32(amap.weights), expected)
        and amap.layers in (case.layers, tuple(range(len(case.layers))))
        and (case.words is None or labels == case.words)
        and list(amap.meta.get("padding", case.padding)) == case.padding
    )


def judge(case, read_map=read_case):
    """right, refused, stated (the order of axes is a guess that the map states), or wrong."""
    try:
        amap = read_map(case)
    except AttnvizError:
        return "refused"
    if is_right(case, amap):
        return "right"
    return "stated" if any("override with" in g for g in amap.meta.get("guessed", ())) else "wrong"


def cases(n=N_CASE):
    for number in case_numbers(n):
        yield number, make_case(Random(f"index dump {number}"))


def test_every_cell_encodes_its_index():
    weights = encode(4, 4, 4, 5, 5)
    assert len(np.unique(weights)) > 0.99 * weights.size
    assert np.allclose(weights.sum(-1), 1)


def test_dumps_are_read_right_or_refused_and_never_wrong():
    verdicts = {number: judge(case) for number, case in cases()}
    assert [number for number, verdict in verdicts.items() if verdict == "wrong"] == []
    counts = Counter(verdicts.values())
    assert counts["right"] > 0.5 * N_CASE, counts
    assert counts["refused"] and counts["stated"] < 0.2 * N_CASE, counts


def test_a_silent_wrong_reading_is_found(monkeypatch):
    monkeypatch.setattr(axes_of_arrays, "describe_reading", lambda *_: "")
    monkeypatch.setattr("attnviz.sources.external.arrays.check_key_axis", lambda *_: None)
    assert Counter(judge(case) for _, case in cases(100))["wrong"] > 10


@pytest.mark.parametrize("letters", ["lbhqk", "blhqk", "lbhkq", "blqkh", "khqbl"])
def test_every_order_is_read_right_when_it_is_given(letters):
    truth = encode(2, 3, 4, 5, 6)
    array = truth.transpose([AXES.index(axis) for axis in letters])
    for item in range(2):
        amap = read(array, axes=letters, which=item)
        assert np.array_equal(np.float32(amap.weights), truth[item])
