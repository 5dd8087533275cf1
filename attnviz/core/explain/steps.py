"""Steps: the trace of one head as named steps, each with its meaning, formula and numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from attnviz.core.arithmetic import Pair
from attnviz.core.arrays import FloatArray
from attnviz.core.explain.explanation import Labels, Step
from attnviz.core.explain.trace import Trace
from attnviz.core.tokens import Tokens


def explain_steps(trace: Trace, head: int, queries: Tokens, keys: Tokens) -> Iterator[Step]:
    """Projections, every stage of the weights, and the output of each query."""
    inputs, variant, value = trace.call.inputs, trace.variant, trace.call.value
    if variant.has_projections:
        q, k, v = (f"{name} = {trace.call.formulas[name]}" for name in "qkv")
        kv_head = head % len(value)
        meaning = "one vector per token, compared with the keys"
        yield vector_step("queries", meaning, q, inputs.query[head], queries)
        meaning = "one vector per token, compared with the queries"
        yield vector_step("keys", meaning, k, inputs.key[head], keys)
        meaning = "one vector per token, summed in the output"
        yield vector_step("values", meaning, v, value[kv_head], keys)
    if trace.inputs.query is not inputs.query:
        meaning, formula = "rotated by position", str(variant.position)
        yield vector_step("rotated queries", meaning, formula, trace.inputs.query[head], queries)
        yield vector_step("rotated keys", meaning, formula, trace.inputs.key[head], keys)
    for name in trace.stages:
        yield from explain_stage(trace, name, head, labels_of(queries), labels_of(keys))
    meaning = "sum of the values, weighted by each query's weights"
    formula = variant.heads.output_formula
    yield vector_step("output", meaning, formula, trace.output[head], queries)


def explain_stage(
    trace: Trace, name: str, head: int, rows: Labels, columns: Labels
) -> Iterator[Step]:
    """One stage of the weights, unless it changes nothing."""
    variant, visible = trace.variant, trace.visible(head)
    normalizer = variant.normalize if variant.mixer is None else variant.mixer
    row_sum = "unconstrained" if variant.row_sum == "any" else variant.row_sum
    title, meaning, formula = {
        "scores": ("scores", "one score per query and key", variant.score.formula),
        "scaled": ("scaled", "the scores, scaled", scale_formula(trace)),
        "logits": ("masked", "the logits of the pairs that are not masked", str(variant.mask)),
        "weights": ("weights", f"one row per query; row sum: {row_sum}", str(normalizer)),
    }.get(name, (name, "the logits after this step", ""))
    changes_nothing = {
        "visible": True,  # shown by the step "masked"
        "normalized": True,  # shown by the step "weights", or mixed into it
        "scaled": str(variant.scale) == "unscaled",
        "logits": bool(visible.all()),
    }
    if changes_nothing.get(name):
        return
    numbers = trace.head_stage(name, head)
    if name in ("logits", "weights"):
        numbers = np.where(visible, numbers, np.nan)
    shape = f"[query {len(rows)}, key {len(columns)}]"
    yield Step(title, meaning, formula, numbers, rows, columns, shape)


def scale_formula(trace: Trace) -> str:
    """The factor of the scores where it is one number, and its expression: × 0.3536 = 1/√8."""
    scale = trace.variant.scale
    if trace.variant.mixer is not None:
        return str(scale)
    if np.ndim(scale(trace.inputs)) > 0:
        return f"× {scale}"
    *_, factor = scale.explain_lines(Pair(trace.inputs, 0, 0, 0))
    expression = factor.expression if len(factor.pieces) > 1 else str(scale)
    return f"× {factor.value:.4g} = {expression}"


def vector_step(name: str, meaning: str, formula: str, array: FloatArray, tokens: Tokens) -> Step:
    """A step with one vector per token.    [token, d] -> a Step"""
    n_token, d = array.shape
    columns = tuple(map(str, range(d)))
    shape = f"[token {n_token}, d {d}]"
    return Step(name, meaning, formula, array, labels_of(tokens), columns, shape)


def labels_of(tokens: Tokens) -> Labels:
    """The label of each token."""
    return tuple(token.label for token in tokens)
