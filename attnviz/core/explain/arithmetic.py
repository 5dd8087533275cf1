"""The arithmetic of one weight: products, score, scale, biases, mask, exp, row sum."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from attnviz.core.explain.explanation import Cell
from attnviz.core.explain.trace import Trace
from attnviz.core.normalizers import ArithmeticLine
from attnviz.core.tokens import Tokens


def explain_weight(
    trace: Trace, head: int, queries: Tokens, keys: Tokens, query: int, key: int
) -> Cell:
    """The arithmetic of the weight of one query on one key."""
    factors = None
    if trace.variant.mixer is None:
        factors = trace.variant.score.factors(trace.inputs, head, query, key)
    return Cell(
        query=queries[query],
        key=keys[key],
        query_index=query,
        key_index=key,
        lines=tuple(arithmetic_lines(trace, head, query, key)),
        factors=factors,
    )


def arithmetic_lines(trace: Trace, head: int, query: int, key: int) -> Iterator[ArithmeticLine]:
    """One line per operation on the score; the last line is the weight."""
    variant = trace.variant
    visible = trace.visible(head)[query]
    weights = trace.head_stage("weights", head)[query]
    biases = {str(bias): bias for bias in variant.bias}
    before = 0.0
    for name in trace.stages:
        if name in ("visible", "logits", "weights"):
            continue
        value = float(trace.head_stage(name, head)[query, key])
        if name == "scores":
            yield ArithmeticLine("score", variant.score.formula, value)
        elif name in biases:
            yield ArithmeticLine(biases[name].name, biases[name].format_step(before, value), value)
        elif value != before:
            expression = f"{before:.6g} × {value / before:.6g} ({variant.scale})"
            yield ArithmeticLine(name, expression, value)
        before = value
    state = "visible" if visible[key] else "masked"
    yield ArithmeticLine("mask", f"{variant.mask}: {state}", float(visible[key]))
    if not visible[key]:
        yield ArithmeticLine("weight", "masked, so exactly", float(weights[key]))
    elif variant.mixer is not None:
        expression = f"{variant.mixer}, over the whole matrix"
        yield ArithmeticLine("weight", expression, float(weights[key]))
    else:
        logits = np.where(visible, trace.head_stage("logits", head)[query], -np.inf)
        yield from variant.normalize.explain_lines(logits, weights, key)
