"""Checkpoints and references of tests/models, and a plain `attend` callback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from attnviz.core.engine.attention import apply_positions, apply_weights, compute_weights
from attnviz.core.tokens import Token
from attnviz.sources.model.checkpoint import open_checkpoint
from attnviz.sources.tokenizing.tokenizers import Encoding

MODELS = Path(__file__).parent.parent / "models"
FOLDERS = sorted(path.name for path in MODELS.iterdir() if path.is_dir())
CASES = ("alone", "padded", "pair")


class RecordingAttend:
    """An `attend` callback that runs each layer's own mechanism and records its weights."""

    def __init__(self):
        self.weights = {}
        self.calls = []

    def __call__(self, call):
        self.calls.append(call)
        weights = compute_weights(call.variant, apply_positions(call.variant, call.inputs)).weights
        self.weights.setdefault(call.kind, []).append(weights)
        return apply_weights(weights, call.value)


def attend_unrecorded(call):
    """An `attend` callback that records nothing."""
    return RecordingAttend()(call)


def open_model(folder: str):
    """One of the checkpoints in tests/models."""
    return open_checkpoint(str(MODELS / folder))


def encoding_of_ids(ids, segments=None) -> Encoding:
    """Token ids as an encoding, as a tokenizer would return them."""
    ids = np.ravel(ids).tolist()
    of_segment = [0] * len(ids) if segments is None else np.ravel(segments).tolist()
    tokens = (Token(f"#{n}", f"#{n}", segment=s) for n, s in zip(ids, of_segment, strict=True))
    return Encoding(tuple(tokens), tuple(ids), tuple(of_segment))


def cases(path: Path) -> Iterator[tuple[str, Encoding, Encoding | None, dict]]:
    """Each input of a reference: name, text, target, and arrays of the reference."""
    with np.load(path) as file:
        arrays = dict(file)
    for name in CASES:
        case = {k.split(".")[1]: v for k, v in arrays.items() if k.startswith(f"{name}.")}
        target = case.get("target")
        yield (
            name,
            encoding_of_ids(case["ids"], case["segments"]),
            None if target is None else encoding_of_ids(target),
            case,
        )


def max_difference(got, wanted) -> float:
    """The largest absolute difference; infinite for NaN, infinity or another shape."""
    got, wanted = np.asarray(got), np.asarray(wanted)
    if got.shape != wanted.shape or not (np.isfinite(got).all() and np.isfinite(wanted).all()):
        return float("inf")
    return float(np.abs(got - wanted).max())
