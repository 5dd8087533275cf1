"""Predictions of a language model: the most probable next tokens, or fillers of a mask token.

They are part of the metadata of a map (`MapMetadata.predictions`) and of its JSON document.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any, Literal, TypedDict, cast

NEXT, MASK = "next token", "masked token"
MAX_POSITIONS = 1 << 20


class PredictedToken(TypedDict):
    """A token of the vocabulary, its logit, and its probability: the softmax of all logits."""

    id: int
    piece: str
    label: str
    logit: float
    probability: float


class Prediction(TypedDict):
    """The most probable tokens at a position, in falling order.

    `position` is that of a query: of the token before the predicted one, or of the mask token.
    `token` is its label.
    """

    position: int
    token: str
    top: list[PredictedToken]


class Predictions(TypedDict):
    """The predictions of a map. `of`: the "next token" after each position, or "masked token"."""

    of: Literal["next token", "masked token"]
    positions: list[Prediction]


def shown_predictions(predictions: Predictions) -> list[Prediction]:
    """Those that a table has room for: the last next token, or every masked token."""
    positions = predictions["positions"]
    return positions[-1:] if predictions["of"] == NEXT else positions


def select_predictions(predictions: Predictions, queries: Sequence[int]) -> Predictions:
    """The predictions at some queries, by their new positions."""
    renumbered = {query: new for new, query in enumerate(queries)}
    positions = [
        cast("Prediction", {**prediction, "position": renumbered[prediction["position"]]})
        for prediction in predictions["positions"]
        if prediction["position"] in renumbered
    ]
    return {"of": predictions["of"], "positions": positions}


def is_predictions(value: Any) -> bool:
    """Whether a value of a document has the form of predictions."""
    if not isinstance(value, dict) or value.get("of") not in (NEXT, MASK):
        return False
    positions = value.get("positions")
    return isinstance(positions, list) and all(map(is_prediction, positions))


def is_prediction(value: Any) -> bool:
    """Whether a value has the form of the predictions at a position."""
    if not isinstance(value, dict) or not isinstance(value.get("token"), str):
        return False
    position, top = value.get("position"), value.get("top")
    is_position = type(position) is int and 0 <= position < MAX_POSITIONS
    return is_position and isinstance(top, list) and all(map(is_predicted_token, top))


def is_predicted_token(value: Any) -> bool:
    """Whether a value has the form of a predicted token."""
    if not isinstance(value, dict) or not all(isinstance(value.get(k), str) for k in TEXTS):
        return False
    if type(value.get("id")) is not int or not all(is_number(value.get(k)) for k in NUMBERS):
        return False
    return bool(0 <= value["probability"] <= 1)


TEXTS, NUMBERS = ("piece", "label"), ("logit", "probability")


def is_number(value: Any) -> bool:
    """Whether a value is a finite number."""
    return type(value) in (int, float) and isfinite(value)
