"""The arithmetic of one weight: products, score, scale, biases, mask, exp, row sum."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from attnviz.core.explain.explanation import Cell
from attnviz.core.explain.trace import Stages
from attnviz.core.normalizers import Line
from attnviz.core.tokens import Tokens


def reckon(stages: Stages, head: int, queries: Tokens, keys: Tokens, query: int, key: int) -> Cell:
    """How the weight of one query on one key came about."""
    variant = stages.variant
    factors = None
    if variant.whole is None:
        factors = variant.score.factors(stages.inputs, head, query, key)
    return Cell(
        query=queries[query],
        key=keys[key],
        query_at=query,
        key_at=key,
        lines=tuple(lines(stages, head, query, key)),
        factors=factors,
    )


def lines(stages: Stages, head: int, query: int, key: int) -> Iterator[Line]:
    """One line for each thing that happened to the score, the last one the weight."""
    variant = stages.variant
    visible = bool(stages.visible(head)[query, key])
    weights = stages.of_head("weights", head)[query]
    biases = {str(bias): bias for bias in variant.bias}
    before = 0.0
    for name in stages.stages:
        if name in ("visible", "logits", "weights"):
            continue
        value = float(stages.of_head(name, head)[query, key])
        if name == "scores":
            yield Line("score", variant.score.formula, value)
        elif name in biases:
            yield Line(biases[name].name, biases[name].reckoned(before, value), value)
        elif value != before:
            yield Line(name, f"{before:.6g} × {value / before:.6g} ({variant.scale})", value)
        before = value
    may = "may" if visible else "may not"
    yield Line("mask", f"{variant.mask}: the query {may} look here", float(visible))
    if not visible:
        yield Line("weight", "hidden, so exactly", float(weights[key]))
    elif variant.whole is not None:
        yield Line("weight", f"{variant.whole}, over the whole matrix", float(weights[key]))
    else:
        seen = stages.visible(head)[query]
        logits = np.where(seen, stages.of_head("logits", head)[query], -np.inf)
        yield from variant.normalize.lines(logits, weights, key)
