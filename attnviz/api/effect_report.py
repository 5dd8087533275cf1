"""Effect reports: effects of heads as a head report, for the command `effect` and its formats."""

from __future__ import annotations

import numpy as np

from attnviz.api.effect import EFFECTS, HeadEffects
from attnviz.core.arrays import FloatArray
from attnviz.render.head_report import HeadReport, MeasureColumn, ReportTable
from attnviz.render.style import SEPARATOR

DIGITS = 3
SCOPE = "effects are those of this text and this prediction"


def effect_report(
    effects: HeadEffects, sort: str | None = None, top: int | None = None
) -> HeadReport:
    """The report of the effects of all heads, in an order; the first `top` heads (None: all)."""
    rows = effects.ranked(sort)
    notes = [prediction_note(effects), replacement_note(effects), SCOPE]
    if effects.no_direct is not None:
        notes.append(f"no direct effect: {effects.no_direct}")
    if top is not None and top < len(rows):
        notes.append(f"{top} of {len(rows)} heads, others with --top")
    return HeadReport(
        title=f"{effects.meta.get('variant')}: effect of ablating each head",
        rows=rows[:top],
        columns=[
            effect_column(measure.name, effects.values[measure.name], measure.unit, measure.legend)
            for measure in EFFECTS
            if measure.name in effects.values
        ],
        default_columns=False,
        subtitle=SEPARATOR.join(notes),
        text=effects.text,
        meta=effects.meta,
        facts={
            "prediction": effects.prediction,
            "token": effects.token,
            "replacement": effects.replacement,
            "scope": SCOPE,
            "no_direct_effect": effects.no_direct,
            **({} if effects.lens is None else {"logit_lens": list(effects.lens)}),
        },
        table=None if effects.lens is None else lens_table(effects),
    )


def lens_table(effects: HeadEffects) -> ReportTable:
    """The logit lens as a table: one row per layer, of the embeddings first."""
    assert effects.lens is not None and effects.token is not None
    columns = ("layer", "KL", "most probable", "probability", f"of {effects.token['label']!r}")
    return ReportTable(
        "logit lens: the prediction after each layer, by final norm and output matrix",
        columns,
        [
            (
                "embeddings" if row["layer"] < 0 else str(row["layer"]),
                f"{row['kl']:.{DIGITS}f}",
                row["top"],
                f"{row['top_probability']:.{DIGITS}f}",
                f"{row['probability']:.{DIGITS}f}",
            )
            for row in effects.lens
        ],
        numbers=[name for name in columns if name != "most probable"],
    )


def effect_column(name: str, values: FloatArray, unit: str, legend: str) -> MeasureColumn:
    """A measure of effects as a column; its range is that of its values, signed ones around 0.

    Small values have more decimal places.
    Shapes: values [layer, head]
    """
    largest = float(np.abs(values).max()) or 1.0
    digits = DIGITS + max(0, -int(np.floor(np.log10(largest))) - 1)
    low = -largest if (values < 0).any() else 0.0
    return MeasureColumn(name, low, largest, unit, legend, digits)


def prediction_note(effects: HeadEffects) -> str:
    """What is predicted where, and the token whose logit is measured."""
    prediction, token = effects.prediction, effects.token
    if prediction is None or token is None:
        return "no prediction: sentence vectors, the mean hidden state of all tokens"
    at = f"{prediction['token']!r} (position {prediction['position']})"
    where = f"after {at}" if prediction["of"] == "next token" else f"at {at}"
    note = (
        f"{prediction['of']} {where}: {token['label']!r}, probability {token['probability']:.2g}"
    )
    best = prediction["top"][0]
    if best["id"] != token["id"]:
        note += f" (most probable: {best['label']!r}, {best['probability']:.2g})"
    return note


def replacement_note(effects: HeadEffects) -> str:
    """What ablated heads are replaced by."""
    if effects.replacement == "zero":
        return "ablated heads have zero output"
    return "ablated heads attend uniformly to the visible keys"
