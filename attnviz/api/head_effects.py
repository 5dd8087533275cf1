"""Effects of heads: their measures, the results of `effect`, and the orders of heads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.map_metadata import MapMetadata
from attnviz.errors import MisuseError
from attnviz.lookup import find_by_name
from attnviz.record import Record

HeadEffect = dict[str, Any]


class EffectMeasure(Record):
    """One measure of the effect of a head; signed ones are ranked by their absolute value."""

    name: str
    legend: str
    unit: str = ""
    aliases: tuple[str, ...] = ()
    is_signed: bool = False


EFFECTS = (  # in the order in which heads are ranked by the first that is defined
    EffectMeasure(
        "KL",
        "how far the ablation changes the distribution of the predicted token; "
        "Σ p log₂(p / q), p of the original run, q with the head ablated; 0 or more, bits",
        unit="bits",
    ),
    EffectMeasure(
        "logit change",
        "logit of the token with the head ablated minus that of the original run; negative: the "
        "head supports the token",
        aliases=("logit",),
        is_signed=True,
    ),
    EffectMeasure(
        "cosine distance",
        "1 − cosine of the mean hidden state of all tokens, original and with the head ablated; "
        "0 to 2",
        aliases=("cosine",),
    ),
    EffectMeasure(
        "direct effect",
        "what the output of the head adds to the logit of the token, without the layers after it; "
        "u · norm(o W_O), u the token's row of the output matrix, the final norm divides as in "
        "the original run; 2211.00593",
        aliases=("direct",),
        is_signed=True,
    ),
)
ORDERS = ("layer", *(measure.name.replace(" ", "-") for measure in EFFECTS))


class HeadEffects(Record, kw_only=True, eq=False):
    """Effects of all heads of a model, of one text.

    `values` are the measures by name (EFFECTS), as far as they are defined. `prediction` is the
    one of the original run: its position and most probable tokens, and "of", what is predicted;
    `token` the one whose logit is measured: id, label, logit, probability. Both are None for an
    encoder without mask token. `replacement` is what an ablated head is replaced by, "mean" with
    `n_text`, the number of texts of that mean. `no_direct` is the reason why there is no direct
    effect; `lens` the logit lens, if requested: one dict per layer.
    Shapes: values: each [layer, head]
    """

    text: str
    values: Mapping[str, FloatArray]
    prediction: Mapping[str, Any] | None
    token: Mapping[str, Any] | None
    replacement: str
    no_direct: str | None
    meta: MapMetadata
    lens: Sequence[Mapping[str, Any]] | None = None
    n_text: int | None = None

    def ranked(self, sort: str | None = None) -> list[HeadEffect]:
        """One dict per head: layer, head, name and measures, the largest effect first.

        `sort` is "layer", or the measure to rank by; None: the first that is defined. Raises
        UnknownNameError for another name, MisuseError for a measure that is not defined.
        """
        shape = next(iter(self.values.values())).shape
        rows = [
            {
                "layer": layer,
                "head": head,
                "name": f"layer {layer} · head {head}",
                "measures": {name: float(a[layer, head]) for name, a in self.values.items()},
            }
            for layer, head in np.ndindex(*shape)
        ]
        return rank_heads(rows, sort, self.no_direct)


def rank_heads(
    rows: list[HeadEffect], sort: str | None, no_direct: str | None = None
) -> list[HeadEffect]:
    """Heads in an order (see `HeadEffects.ranked`), those without a value last."""
    measure = find_order(sort)
    if sort is not None and measure is None:
        return rows
    name = next(iter(rows[0]["measures"])) if measure is None else measure.name
    if name not in rows[0]["measures"]:
        reason = f": {no_direct}" if name == "direct effect" and no_direct else ""
        raise MisuseError(
            f"--sort {sort or name!r} is not defined for this model and text{reason}"
        )
    return sorted(rows, key=lambda row: -abs(row["measures"][name]))


def find_order(sort: str | None) -> EffectMeasure | None:
    """The measure of an order; None for "layer" and for the default."""
    if sort is None or sort == "layer":
        return None
    names = " ".join(sort.replace("_", "-").split("-"))
    return find_by_name(EFFECTS, names, "order", "or layer")
