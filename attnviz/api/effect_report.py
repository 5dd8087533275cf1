"""Effect reports: effects of heads as a head report, for the command `effect` and its formats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from attnviz.api.corpus_effects import EffectStatistics
from attnviz.api.head_effects import EFFECTS, HeadEffect, HeadEffects
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
    notes = effect_notes(effects)
    return HeadReport(
        title=report_title(effects),
        rows=rows[:top],
        columns=effect_columns(effects.values),
        default_columns=False,
        subtitle=SEPARATOR.join([*notes, *top_note(rows, top)]),
        text=effects.text,
        meta=effects.meta,
        facts={
            "prediction": effects.prediction,
            "token": effects.token,
            **report_facts(effects, SCOPE),
            **({} if effects.lens is None else {"logit_lens": list(effects.lens)}),
        },
        table=None if effects.lens is None else lens_table(effects),
    )


def effect_notes(effects: HeadEffects) -> list[str]:
    """What is predicted, what ablated heads are replaced by, and of what the effects are."""
    return [prediction_note(effects), replacement_note(effects), SCOPE, *direct_note(effects)]


def corpus_effect_report(
    statistics: EffectStatistics, sort: str | None = None, top: int | None = None
) -> HeadReport:
    """The report of mean effects over texts, likewise."""
    rows, first = statistics.ranked(sort), statistics.first
    assert first is not None  # else there are no rows
    n = statistics.n_text
    scope = f"mean effects on the predictions of {n} text{'s' * (n != 1)}"
    notes = [scope, replacement_note(first), *direct_note(first)]
    return HeadReport(
        title=report_title(first),
        rows=rows[:top],
        columns=effect_columns(statistics.means),
        default_columns=False,
        n_map=statistics.n_text,
        subtitle=SEPARATOR.join([*notes, *top_note(rows, top)]),
        meta=first.meta,
        facts=report_facts(first, scope),
    )


def report_title(effects: HeadEffects) -> str:
    """The model, and what was done to its heads."""
    return f"{effects.meta.get('variant')}: effect of ablating each head"


def effect_columns(values: Mapping[str, FloatArray]) -> list[MeasureColumn]:
    """The measures that are defined, in order.    each [layer, head]"""
    return [
        effect_column(measure.name, values[measure.name], measure.unit, measure.legend)
        for measure in EFFECTS
        if measure.name in values
    ]


def report_facts(effects: HeadEffects, scope: str) -> dict[str, Any]:
    """Entries of the JSON document that every report has."""
    return {
        "replacement": effects.replacement,
        "replacement_texts": effects.n_text,
        "scope": scope,
        "no_direct_effect": effects.no_direct,
    }


def direct_note(effects: HeadEffects) -> list[str]:
    """Why there is no direct effect, if so."""
    return [] if effects.no_direct is None else [f"no direct effect: {effects.no_direct}"]


def top_note(rows: Sequence[HeadEffect], top: int | None) -> list[str]:
    """How many heads of all are shown, if not all."""
    return [f"{top} of {len(rows)} heads, others with --top"] if top and top < len(rows) else []


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
    if effects.replacement == "mean":
        n_text = effects.n_text
        return f"ablated heads have their mean output over {n_text} text{'s' * (n_text != 1)}"
    return "ablated heads attend uniformly to the visible keys"
