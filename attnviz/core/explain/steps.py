"""Tell the stages of one head as steps: what each is for, with its numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.explain.explanation import Labels, Step
from attnviz.core.explain.trace import Stages
from attnviz.core.tokens import Tokens


def tell(stages: Stages, head: int, queries: Tokens, keys: Tokens) -> Iterator[Step]:
    """Projections, every stage of the weights, and what each query takes home."""
    inputs, variant, value = stages.call.inputs, stages.variant, stages.call.value
    q, k, v = (f"{name} = {stages.call.told[name]}" for name in "qkv")
    if variant.projected:
        at = head % len(value)
        yield vectors("queries", "what each token looks for", q, inputs.query[head], queries)
        yield vectors("keys", "what each can be found by", k, inputs.key[head], keys)
        yield vectors("values", "what each token gives", v, value[at], keys)
    if stages.inputs.query is not inputs.query:
        says, how = "turned by where the token stands", str(variant.position)
        yield vectors("turned queries", says, how, stages.inputs.query[head], queries)
        yield vectors("turned keys", says, how, stages.inputs.key[head], keys)
    for name in stages.stages:
        yield from stage(stages, name, head, labels_of(queries), labels_of(keys))
    says = "the values, added up in proportion to the weights"
    yield vectors("output", says, "weights @ v", stages.output[head], queries)


def stage(stages: Stages, name: str, head: int, rows: Labels, columns: Labels) -> Iterator[Step]:
    """One stage of the weights, unless it changes nothing."""
    variant, visible = stages.variant, stages.visible(head)
    maker = variant.normalize if variant.whole is None else variant.whole
    title, says, formula = {
        "scores": ("scores", "how well each query matches each key", variant.score.formula),
        "scaled": ("scaled", "brought to a size that suits the normalizer", f"× {variant.scale}"),
        "logits": ("masked", "what a query may not look at is left out", str(variant.mask)),
        "weights": ("weights", f"each row shared out; it sums to {variant.row_sum}", str(maker)),
    }.get(name, (name, "the scores after this change", ""))
    unchanged = {
        "visible": True,  # told by what it leaves out
        "scaled": str(variant.scale) == "unscaled",
        "logits": bool(visible.all()),
    }
    if unchanged.get(name):
        return
    numbers = stages.of_head(name, head)
    if name in ("logits", "weights"):
        numbers = np.where(visible, numbers, np.nan)
    shape = f"[query {len(rows)}, key {len(columns)}]"
    yield Step(title, says, formula, numbers, rows, columns, shape)


def vectors(name: str, says: str, formula: str, array: FloatArray, tokens: Tokens) -> Step:
    """A step whose numbers are one vector a token.    [token, d] -> a Step"""
    n_token, d = array.shape
    columns = tuple(map(str, range(d)))
    shape = f"[token {n_token}, d {d}]"
    return Step(name, says, formula, array, labels_of(tokens), columns, shape)


def labels_of(tokens: Tokens) -> Labels:
    """What people see of each token."""
    return tuple(token.label for token in tokens)
