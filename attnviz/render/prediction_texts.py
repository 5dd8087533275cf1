"""Predicted tokens as texts: a heading per position, and a row per token with its probability."""

from __future__ import annotations

from collections.abc import Sequence

from attnviz.core.attention_map import AttentionMap
from attnviz.core.predictions import NEXT, PredictedToken, Prediction, shown_predictions
from attnviz.record import Record
from attnviz.render.safe_text import escape_text, escape_token

STARTS = ("Ġ", "▁")  # of pieces that begin with a space
SMALLEST_FIXED = 0.001  # smaller probabilities are written in scientific notation


class PredictionList(Record):
    """The predicted tokens at a position; `rows` are pairs of a label and a probability."""

    heading: str
    rows: tuple[tuple[str, str], ...]


def prediction_lists(amap: AttentionMap, digits: int | None = None) -> list[PredictionList]:
    """The predictions that a table shows: the last next token, or every masked token.

    Those of a comparison begin with the name of their map.
    Texts are escaped for display. `digits` are decimals of the probabilities.
    """
    by_map = amap.meta.get("predictions_by_map", {})
    if "predictions" in amap.meta:
        by_map = {"": amap.meta["predictions"]}
    return [
        PredictionList(
            (f"{escape_text(name)}: " if name else "")
            + heading_of(prediction, predictions["of"] == NEXT),
            prediction_rows(prediction["top"], digits),
        )
        for name, predictions in by_map.items()
        for prediction in shown_predictions(predictions)
    ]


def heading_of(prediction: Prediction, is_next: bool) -> str:
    """What is predicted: the token after another one, or a mask token by its position."""
    token = escape_token(prediction["token"])
    if is_next:
        return f'next token after "{token}"'
    return f"predictions for {token} (position {prediction['position']})"


def prediction_rows(
    tokens: Sequence[PredictedToken], digits: int | None = None
) -> tuple[tuple[str, str], ...]:
    """Label and probability of each token; tokens of the same label are distinguished."""
    return tuple(
        (label, format_probability(token["probability"], digits))
        for token, label in zip(tokens, distinct_labels(tokens), strict=True)
    )


def distinct_labels(tokens: Sequence[PredictedToken]) -> list[str]:
    """The escaped labels; of those that are the same "␣cat" begins with a space.

    Of those that are the same even so, the id follows.
    """
    labels = [escape_token(token["label"]) for token in tokens]
    marked = [
        "␣" * token["piece"].startswith(STARTS) + label if labels.count(label) > 1 else label
        for token, label in zip(tokens, labels, strict=True)
    ]
    return [
        f"{label} (id {token['id']})" if marked.count(label) > 1 else label
        for token, label in zip(tokens, marked, strict=True)
    ]


def format_probability(probability: float, digits: int | None = None) -> str:
    """A probability with `digits` decimals; by default three, tiny ones in scientific notation.

    >>> format_probability(0.41237), format_probability(0.000012)
    ('0.412', '1.2e-05')
    """
    if digits is not None:
        return f"{probability:.{digits}f}"
    return f"{probability:.3f}" if probability >= SMALLEST_FIXED else f"{probability:.1e}"
