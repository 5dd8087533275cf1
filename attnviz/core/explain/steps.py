"""Steps: the trace of one head as named steps, each with its meaning, formula and numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from attnviz.core.arithmetic import Pair
from attnviz.core.arrays import FloatArray
from attnviz.core.explain.explanation import Labels, Step
from attnviz.core.explain.trace import AFTER_SCORE, Trace
from attnviz.core.tokens import Tokens

MATRIX_ROWS = 8
# head, number of heads whose values stand side by side -> W_Q, W_K, W_V
Matrices: TypeAlias = Callable[[int, int], Mapping[str, FloatArray]]


def no_matrices(head: int, n_value_head: int) -> Mapping[str, FloatArray]:
    """The matrices of a source that does not state them."""
    del head, n_value_head
    return {}


def explain_steps(
    trace: Trace, head: int, queries: Tokens, keys: Tokens, matrices: Matrices = no_matrices
) -> Iterator[Step]:
    """Projections, every stage of the weights, and the output of each query.

    Maps that the head mixes are explained one after another. `matrices` are W_Q, W_K and W_V of
    a head, where they are known. Values that are not known have no dimensions.
    """
    variant = trace.variant
    sources = variant.heads.source_heads(head, len(trace.inputs.query))
    if variant.mixer is not None:
        sources = (head,)
    for source in sources:
        suffix = f" of map {source}" if len(sources) > 1 else ""
        for step in source_steps(trace, source, queries, keys, matrices):
            yield replace(step, name=step.name + suffix)
    rows, columns = labels_of(queries), labels_of(keys)
    if len(sources) > 1 and np.any(trace.stages["logits"] != trace.stages[last_stage(trace)]):
        for source in sources:
            step = stage_step(trace, "logits", source, rows, columns)
            yield replace(step, name=f"mixed logits of map {source}")
    for source in sources if len(sources) > 1 else ():
        step = stage_step(trace, "normalized", source, rows, columns)
        yield replace(step, name=f"weights of map {source}")
    yield stage_step(trace, "weights", head, rows, columns)
    meaning = "sum of the values, weighted by each query's weights"
    formula = variant.heads.output_formula
    if trace.output.shape[-1]:
        yield vector_step("output", meaning, formula, trace.output[head], queries)


def last_stage(trace: Trace) -> str:
    """The name of the last stage before heads are mixed."""
    return [name for name in trace.stages if name not in AFTER_SCORE][-1]


def source_steps(
    trace: Trace, head: int, queries: Tokens, keys: Tokens, matrices: Matrices
) -> Iterator[Step]:
    """Projections of one head, its learned parameters, and every stage up to its logits."""
    inputs, variant = trace.call.inputs, trace.variant
    if variant.has_projections:
        yield from projection_steps(trace, head, queries, keys, matrices)
    if trace.inputs.query is not inputs.query:
        meaning, formula = "rotated by position", str(variant.position)
        yield vector_step("rotated queries", meaning, formula, trace.inputs.query[head], queries)
        yield vector_step("rotated keys", meaning, formula, trace.inputs.key[head], keys)
    for name, array in inputs.params.items():
        if array.ndim > 1:  # a single number is part of the arithmetic of a weight
            matrix = array[head].reshape(-1, array.shape[-1])
            yield matrix_step(
                f"parameter {name}", "a learned parameter of the mechanism", "", matrix
            )
    for name in trace.stages:
        if not changes_nothing(trace, name, head):
            yield stage_step(trace, name, head, labels_of(queries), labels_of(keys))


def projection_steps(
    trace: Trace, head: int, queries: Tokens, keys: Tokens, matrices: Matrices
) -> Iterator[Step]:
    """W_Q and the queries, W_K and the keys, W_V and the values of one head."""
    inputs, value = trace.call.inputs, trace.call.value
    kv_value = value[head * len(value) // len(inputs.query)]
    vectors = (
        ("queries", "q", "compared with the keys", inputs.query[head], queries),
        ("keys", "k", "compared with the queries", inputs.key[head], keys),
        ("values", "v", "summed in the output", kv_value, keys),
    )
    known = matrices(head, kv_value.shape[-1] // inputs.query.shape[-1])
    for title, letter, meaning, array, tokens in vectors:
        if not array.shape[-1]:
            continue
        name = f"W_{letter.upper()}"
        if name in known and name in trace.call.formulas[letter]:
            yield matrix_step(name, f"projects the input to the {title}", "", known[name])
        formula = f"{letter} = {trace.call.formulas[letter]}"
        yield vector_step(title, f"one vector per token, {meaning}", formula, array, tokens)


def changes_nothing(trace: Trace, name: str, head: int) -> bool:
    """Whether a stage shows nothing new, or is shown later."""
    return name in ("normalized", "weights") or {
        "visible": True,  # shown by the step "masked"
        "scaled": str(trace.variant.scale) == "unscaled",
        "logits": bool(trace.visible(head).all()),
    }.get(name, False)


def stage_step(trace: Trace, name: str, head: int, rows: Labels, columns: Labels) -> Step:
    """One stage of the weights."""
    variant, visible = trace.variant, trace.visible(head)
    normalizer = variant.normalize if variant.mixer is None else variant.mixer
    row_sum = "unconstrained" if variant.row_sum == "any" else variant.row_sum
    title, meaning, formula = {
        "scores": ("scores", "one score per query and key", variant.score.formula),
        "scaled": ("scaled", "the scores, scaled", scale_formula(trace)),
        "logits": ("masked", "the logits of the pairs that are not masked", str(variant.mask)),
        "weights": ("weights", f"one row per query; row sum: {row_sum}", str(normalizer)),
        "normalized": ("weights", "one row per query, before maps are mixed", str(normalizer)),
    }.get(name, (name, "the logits after this step", ""))
    numbers = trace.head_stage(name, head)
    if name in ("logits", "normalized", "weights"):
        numbers = np.where(visible, numbers, np.nan)
    shape = f"[query {len(rows)}, key {len(columns)}]"
    return Step(title, meaning, formula, numbers, rows, columns, shape)


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


def matrix_step(name: str, meaning: str, formula: str, array: FloatArray) -> Step:
    """A step with a matrix of parameters, of which a text shows the first rows.

    Shapes: [row, column] -> a Step
    """
    rows, columns = (tuple(map(str, range(n))) for n in array.shape)
    shape = f"[{len(rows)}, {len(columns)}]"
    return Step(name, meaning, formula, array, rows, columns, shape, max_rows=MATRIX_ROWS)


def labels_of(tokens: Tokens) -> Labels:
    """The label of each token."""
    return tuple(token.label for token in tokens)
