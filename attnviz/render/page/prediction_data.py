"""Predicted tokens for the page: as lists of texts, by the query that they belong to."""

from __future__ import annotations

from typing import Any

from attnviz.core.attention_map import AttentionMap
from attnviz.core.predictions import NEXT, Prediction, shown_predictions
from attnviz.render.prediction_texts import heading_of, prediction_rows
from attnviz.render.style import Style


def prediction_data(amap: AttentionMap, style: Style) -> dict[str, Any]:
    """The lists that are shown at first, and those of each query; empty without predictions.

    Queries of a pooled map are blocks of tokens, which have no list of their own.
    """
    predictions = amap.meta.get("predictions")
    if predictions is None:
        return {}
    is_next = predictions["of"] == NEXT

    def to_list(prediction: Prediction) -> dict[str, Any]:
        heading = heading_of(prediction, is_next)
        rows = prediction_rows(prediction["top"], style.precision)
        probabilities = (round(token["probability"], 4) for token in prediction["top"])
        return {
            "heading": heading[:1].upper() + heading[1:],
            "rows": [[*row, p] for row, p in zip(rows, probabilities, strict=True)],
        }

    by_query = (
        {}
        if "pooled" in amap.meta
        else {
            str(prediction["position"]): to_list(prediction)
            for prediction in predictions["positions"]
        }
    )
    shown = [to_list(prediction) for prediction in shown_predictions(predictions)]
    return {"predicted": {"shown": shown, "by_query": by_query}}
