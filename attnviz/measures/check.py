"""Validation of attention weights: the rules that they violate, per head."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf, nan
from typing import Any

import numpy as np

from attnviz.core.attention_map import AttentionMap
from attnviz.core.subset import visible_pairs
from attnviz.measures.padding_keys import is_padding
from attnviz.measures.rules import RULES, Breach, CheckedWeights, Requirements, check_finite
from attnviz.record import Record


class Violation(Record):
    """A rule that one head violates, with its worst violation.

    `layer` and `head` are original indices, None if the rule is about the whole map. `tokens`
    are positions: (query,), (query, key) or none. `value` is the weight or row sum there,
    `badness` how far it is from what is required, `count` the number of violations in the head.
    `sentence` describes all of it.
    """

    rule: str
    layer: int | None
    head: int | None
    tokens: tuple[int, ...]
    value: float
    count: int
    sentence: str
    badness: float = 0.0


def find_violations(
    amap: AttentionMap,
    expect: Requirements | None = None,
    *,
    names: tuple[Sequence[str], Sequence[str]] | None = None,
    allowed: Any = True,
) -> list[Violation]:
    """The violations of a map; requirements default to its own metadata.

    A map cannot hold NaN or a wrong number of tokens; `check_weights` finds those in arrays.
    Rows that were NaN in the file are masked rows in the map, and violations. `allowed` are the
    pairs that the required mask allows.
    Shapes: [layer, head, query, key], allowed broadcasts to the same -> violations, the worst
    first
    """
    violations = check_weights(
        amap.weights,
        (len(amap.queries), len(amap.keys)),
        expect or Requirements.from_map(amap),
        visible=visible_pairs(amap),
        padding=is_padding(amap),
        allowed=allowed,
        numbers=(amap.layers, amap.heads),
        names=names,
    )
    return [*list_nan_rows(amap, names and names[0]), *violations]


def list_nan_rows(amap: AttentionMap, names: Sequence[str] | None) -> Iterator[Violation]:
    """A violation per head with rows that were NaN in the file.    -> violations

    A map whose tokens were selected has other positions than the file, and lists none.
    """
    stated = [] if "dropped" in amap.meta else amap.meta.get("nan_rows", [])
    for layer, head, rows in stated:
        if rows and layer in amap.layers and head in amap.heads and max(rows) < len(amap.queries):
            query = names[rows[0]] if names else rows[0]
            others = f" (+{len(rows) - 1} more)" if len(rows) > 1 else ""
            sentence = f"layer {layer}, head {head}: query {query}: the row is NaN{others}"
            count = len(rows)
            yield Violation("number", layer, head, (rows[0],), nan, count, sentence, inf)


def check_weights(
    weights: Any,
    n_token: tuple[int, int],
    expect: Requirements | None = None,
    *,
    visible: Any = True,
    padding: Any = False,
    allowed: Any = True,
    numbers: tuple[Sequence[int], Sequence[int]] | None = None,
    names: tuple[Sequence[str], Sequence[str]] | None = None,
) -> list[Violation]:
    """The violations of an array of weights.

    `n_token` is the number of query and key tokens, `numbers` the original indices of layers
    and heads, `names` the labels of queries and keys in sentences (None: their positions).
    Shapes: weights [layer, head, query, key], visible and allowed broadcast to the same, padding
    [key] (True = padding) -> violations, the worst first
    """
    weights = np.asarray(weights, dtype=np.float64)
    if weights.ndim != 4 or weights.shape[2:] != n_token:
        message = f"weights {weights.shape} do not fit {n_token[0]} queries and {n_token[1]} keys"
        return [Violation("tokens", None, None, (), float(weights.size), 1, message)]
    numbers = numbers or (range(weights.shape[0]), range(weights.shape[1]))
    labels = names or tuple([str(i) for i in range(n)] for n in n_token)
    if not np.isfinite(weights).all():
        return list(list_violations("number", check_finite(weights), numbers, labels))
    checked = CheckedWeights(
        weights=weights,
        visible=np.broadcast_to(np.asarray(visible, dtype=bool), weights.shape),
        allowed=np.broadcast_to(np.asarray(allowed, dtype=bool), weights.shape),
        padding=np.broadcast_to(np.asarray(padding, dtype=bool), n_token[1:]),
        expect=expect or Requirements(),
    )
    rules = RULES if weights.size else ()
    with np.errstate(over="ignore"):  # an overflowing sum is reported as inf
        violations = [
            v
            for name, rule in rules
            for b in rule(checked)
            for v in list_violations(name, b, numbers, labels)
        ]
    return sorted(violations, key=lambda violation: -float(f"{violation.badness:.6g}"))


def list_violations(
    rule: str,
    breach: Breach,
    numbers: tuple[Sequence[int], ...],
    labels: tuple[Sequence[str], ...],
) -> Iterator[Violation]:
    """One violation per head that breaks a rule.    [layer, head, ...] -> violations"""
    for at in np.ndindex(*breach.badness.shape[:2]):
        bad, (layer, head) = breach.badness[at], (n[i] for n, i in zip(numbers, at, strict=True))
        count = int((bad > 0).sum())
        if not count:
            continue
        tokens = tuple(int(i) for i in np.unravel_index(bad.argmax(), bad.shape))
        value = float(breach.value[at][tokens])
        names = [side[i] for side, i in zip(labels, tokens, strict=False)]
        message = breach.describe(value, *names)
        others = f" (+{count - 1} more)" if count > 1 else ""
        sentence = f"layer {layer}, head {head}: {message}{others}"
        badness = float(bad[tokens])
        yield Violation(rule, layer, head, tokens, value, count, sentence, badness)
