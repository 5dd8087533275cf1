"""Reads tests/models, and runs a checkpoint as plainly as can be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from attnviz.core.engine.attention import combine, compute_weights, turned
from attnviz.core.tokens import Token
from attnviz.sources.model.checkpoint import open_checkpoint
from attnviz.sources.tokenizing.tokenizers import Encoding

MODELS = Path(__file__).parent.parent / "models"
FOLDERS = sorted(path.name for path in MODELS.iterdir() if path.is_dir())
CASES = ("alone", "padded", "pair")


class Seen:
    """An `attend` that runs each layer's own mechanism and keeps its weights."""

    def __init__(self):
        self.weights = {}
        self.calls = []

    def __call__(self, call):
        self.calls.append(call)
        weights = compute_weights(call.own, turned(call.own, call.inputs)).weights
        self.weights.setdefault(call.kind, []).append(weights)
        return combine(weights, call.value)


def plainly(call):
    """An `attend` that keeps nothing."""
    return Seen()(call)


def model(folder: str):
    """One of the checkpoints in tests/models."""
    return open_checkpoint(str(MODELS / folder))


def encoding(ids, segments=None) -> Encoding:
    """Numbers of words, as a tokenizer would give them."""
    ids = np.ravel(ids).tolist()
    of_segment = [0] * len(ids) if segments is None else np.ravel(segments).tolist()
    tokens = (Token(f"#{n}", f"#{n}", segment=s) for n, s in zip(ids, of_segment, strict=True))
    return Encoding(tuple(tokens), tuple(ids))


def cases(path: Path) -> Iterator[tuple[str, Encoding, Encoding | None, dict]]:
    """Each input of a reference: its name, the text, the target, and what was made of it."""
    with np.load(path) as file:
        arrays = dict(file)
    for name in CASES:
        mine = {k.split(".")[1]: v for k, v in arrays.items() if k.startswith(f"{name}.")}
        target = mine.get("target")
        yield (
            name,
            encoding(mine["ids"], mine["segments"]),
            None if target is None else encoding(target),
            mine,
        )


def off(got, wanted) -> float:
    """The largest difference; infinite where either is no number or shapes differ."""
    got, wanted = np.asarray(got), np.asarray(wanted)
    if got.shape != wanted.shape or not (np.isfinite(got).all() and np.isfinite(wanted).all()):
        return float("inf")
    return float(np.abs(got - wanted).max())
