"""Is this attention? What a set of weights breaks of the rules it should keep."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from attnviz.core.attention_map import AttentionMap
from attnviz.core.subset import seen
from attnviz.measure.rules import RULES, Breach, Expect, Suspect, not_finite
from attnviz.record import Record

PADS = ("[PAD]", "<pad>", "<PAD>", "<|pad|>")


class Violation(Record):
    """One rule that one head breaks, told by the place where it breaks it most.

    `layer` and `head` are original numbers, None where the rule is about the whole. `tokens`
    are positions: (query,), (query, key) or none. `value` is what stands there, `count` in how
    many places of the head the rule is broken. `sentence` says it all.
    """

    rule: str
    layer: int | None
    head: int | None
    tokens: tuple[int, ...]
    value: float
    count: int
    sentence: str


def check(
    amap: AttentionMap,
    expect: Expect | None = None,
    *,
    names: tuple[Sequence[str], Sequence[str]] | None = None,
) -> list[Violation]:
    """What a map breaks of what is expected of it: by default, of what it says of itself.

    What a map refuses from the start, NaN and the wrong number of tokens, is found by
    `check_weights` in arrays that are no map yet.
    Shapes: [layer, head, query, key] -> violations, in the order of the rules
    """
    return check_weights(
        amap.weights,
        (len(amap.queries), len(amap.keys)),
        expect or Expect.of(amap),
        visible=seen(amap),
        padding=[token.piece in PADS for token in amap.keys],
        numbers=(amap.layers, amap.heads),
        names=names,
    )


def check_weights(
    weights: Any,
    n_token: tuple[int, int],
    expect: Expect | None = None,
    *,
    visible: Any = True,
    padding: Any = False,
    numbers: tuple[Sequence[int], Sequence[int]] | None = None,
    names: tuple[Sequence[str], Sequence[str]] | None = None,
) -> list[Violation]:
    """The same for an array that nobody has looked at yet.

    `n_token` is how many tokens name the queries and the keys, `numbers` the original numbers
    of layers and heads, `names` what sentences call queries and keys (None: their positions).
    Shapes: weights [layer, head, query, key], visible broadcasts to the same (True = may
    look), padding [key] (True = padding) -> violations
    """
    weights = np.asarray(weights, dtype=np.float64)
    if weights.ndim != 4 or weights.shape[2:] != n_token:
        words = f"weights {weights.shape} do not fit {n_token[0]} queries and {n_token[1]} keys"
        return [Violation("tokens", None, None, (), float(weights.size), 1, words)]
    numbers = numbers or (range(weights.shape[0]), range(weights.shape[1]))
    called = names or tuple([str(i) for i in range(n)] for n in n_token)
    if not np.isfinite(weights).all():
        return list(told("number", not_finite(weights), numbers, called))
    suspect = Suspect(
        weights=weights,
        visible=np.broadcast_to(np.asarray(visible, dtype=bool), weights.shape),
        padding=np.broadcast_to(np.asarray(padding, dtype=bool), n_token[1:]),
        expect=expect or Expect(),
    )
    rules = RULES if weights.size else ()
    with np.errstate(over="ignore"):  # a sum beyond all numbers is told as inf
        return [
            v
            for name, rule in rules
            for b in rule(suspect)
            for v in told(name, b, numbers, called)
        ]


def told(
    rule: str,
    breach: Breach,
    numbers: tuple[Sequence[int], ...],
    called: tuple[Sequence[str], ...],
) -> Iterator[Violation]:
    """A violation for each head that breaks a rule.    [layer, head, ...] -> violations"""
    for at in np.ndindex(*breach.badness.shape[:2]):
        bad, (layer, head) = breach.badness[at], (n[i] for n, i in zip(numbers, at, strict=True))
        count = int((bad > 0).sum())
        if not count:
            continue
        tokens = tuple(int(i) for i in np.unravel_index(bad.argmax(), bad.shape))
        value = float(breach.value[at][tokens])
        places = [names[i] for names, i in zip(called, tokens, strict=False)]
        words = breach.words.format(*places, value=value)
        others = f" (and {count - 1} more)" if count > 1 else ""
        sentence = f"layer {layer}, head {head}: {words}{others}"
        yield Violation(rule, layer, head, tokens, value, count, sentence)
