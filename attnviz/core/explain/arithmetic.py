"""The arithmetic of one weight: rotation, products, score, scale, biases, mask, normalizer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, MapPair, Pair, WeightPair
from attnviz.core.arrays import BoolArray
from attnviz.core.engine.attention import evaluate_mask
from attnviz.core.explain.explanation import Cell
from attnviz.core.explain.rotation import rotation_lines
from attnviz.core.explain.trace import AFTER_SCORE, Trace
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
        lines=tuple(arithmetic_lines(trace, head, query, key, columns_of(keys))),
        factors=factors,
    )


def columns_of(keys: Tokens) -> tuple[str, ...]:
    """A column title per key: its label, with its position where the label is not unique."""
    labels = [token.label for token in keys]
    return tuple(
        label if labels.count(label) == 1 else f"{label}·{n}" for n, label in enumerate(labels)
    )


def arithmetic_lines(
    trace: Trace, head: int, query: int, key: int, columns: tuple[str, ...]
) -> Lines:
    """One line per operation; the last line is the weight."""
    variant = trace.variant
    if variant.mixer is not None:
        yield from mixer_lines(trace, head, query, key, columns)
        return
    n_query_head = len(trace.inputs.query)
    sources = variant.heads.source_heads(head, n_query_head)
    pairs = [Pair(trace.inputs, source, query, key) for source in sources]
    for pair in pairs:
        yield from label_maps(score_lines(trace, pair), pair, len(pairs))
    before_mixing = np.array([score_stage(trace, pair) for pair in pairs])
    for pair in pairs:
        yield from label_maps(variant.heads.logit_lines(pair, before_mixing), pair, len(pairs))
    weight = float(trace.head_stage("weights", head)[query, key])
    for pair in pairs:
        lines = normalizer_lines(trace, weight_pair(trace, pair, columns))
        yield from label_maps(lines, pair, len(pairs))
    weights = np.array([trace.head_stage("normalized", p.head)[query, key] for p in pairs])
    if len(pairs) > 1 or weights[0] != weight:
        yield from variant.heads.weight_lines(
            Pair(trace.inputs, head, query, key), weights, weight
        )


def label_maps(lines: Lines, pair: Pair, n_source: int) -> Lines:
    """The same lines; where several maps are mixed, the last names the map."""
    for line in lines:
        if n_source > 1 and line.label in ("score", "weight", "logit"):
            yield line._replace(label=f"{line.label} of map {pair.head}")
        else:
            yield line


def score_stage(trace: Trace, pair: Pair) -> float:
    """The logit of a pair before heads are mixed."""
    before = [name for name in trace.stages if name not in AFTER_SCORE]
    return float(trace.head_stage(before[-1], pair.head)[pair.query, pair.key])


def score_lines(trace: Trace, pair: Pair) -> Lines:
    """Rotation by position, score, scale and biases."""
    variant = trace.variant
    if variant.position.rotates:
        yield from rotation_lines(variant.position, trace.call.inputs, pair)
    biases = {str(bias): bias for bias in variant.bias}
    before = 0.0
    for name in trace.stages:
        if name in AFTER_SCORE:
            continue
        value = float(trace.head_stage(name, pair.head)[pair.query, pair.key])
        if name == "scores":
            *lines, score = variant.score.explain_lines(pair)
            yield from (*lines, score._replace(value=value))
        elif name in biases:
            yield from biases[name].explain_lines(pair, before, value)
        elif str(variant.scale) != "unscaled":
            *lines, factor = variant.scale.explain_lines(pair)
            yield from (*lines, factor)
            yield ArithmeticLine("scaled", (before, " × ", factor.value), value)
        before = value


def weight_pair(trace: Trace, pair: Pair, columns: tuple[str, ...]) -> WeightPair:
    """The pair, with the logits and weights of the layer before heads are mixed."""
    shape = (len(trace.inputs.query), *trace.weights.shape[1:])
    arrays = {
        name: np.broadcast_to(trace.stages[name], shape)
        for name in ("logits", "visible", "normalized")
    }
    unmasked: BoolArray = evaluate_mask(trace.variant.mask, trace.inputs.grid)
    return WeightPair(
        pair.inputs,
        pair.head,
        pair.query,
        pair.key,
        visible=arrays["visible"],
        weights=arrays["normalized"],
        columns=columns,
        logits=arrays["logits"],
        unmasked=np.broadcast_to(unmasked, shape),
    )


def normalizer_lines(trace: Trace, pair: WeightPair) -> Lines:
    """The mask, the selection of keys, and the normalizer."""
    variant, at = trace.variant, (pair.head, pair.query, pair.key)
    unmasked = bool(pair.unmasked[at])
    state = "visible" if unmasked else "masked"
    yield ArithmeticLine("mask", (f"{variant.mask}: {state}",), float(unmasked))
    if unmasked and variant.normalize.restricts_visible:
        yield from variant.normalize.selection_lines(pair)
    if pair.visible_keys[pair.key]:
        yield from variant.normalize.explain_lines(pair)
    else:
        yield ArithmeticLine("weight", (0, " (masked)"), pair.weight)


def mixer_lines(
    trace: Trace, head: int, query: int, key: int, columns: tuple[str, ...]
) -> Iterator[ArithmeticLine]:
    """The mask, and the weight that the mixer computes."""
    mixer, visible = trace.variant.mixer, trace.visible(head)
    assert mixer is not None
    state = "visible" if visible[query, key] else "masked"
    yield ArithmeticLine("mask", (f"{trace.variant.mask}: {state}",), float(visible[query, key]))
    if not visible[query, key]:
        value = float(trace.head_stage("weights", head)[query, key])
        yield ArithmeticLine("weight", (0, " (masked)"), value)
        return
    shown = np.broadcast_to(trace.stages["visible"], trace.weights.shape)
    yield from mixer.explain_lines(
        MapPair(trace.inputs, head, query, key, shown, trace.weights, columns)
    )
