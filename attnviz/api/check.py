"""Is this attention? The rules a map breaks, told by the tokens where it breaks them."""

from __future__ import annotations

from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Token
from attnviz.measure.check import Violation
from attnviz.measure.check import check as broken
from attnviz.measure.row_mass import tolerance as rounding
from attnviz.measure.rules import Expect
from attnviz.render.safe_text import printable

DECIMALS = 1e-5  # how far rows may sum from 1 in text that holds the digits of float32


def check(
    amap: AttentionMap,
    *,
    causal: bool = False,
    window: int | None = None,
    row_sum: str | None = None,
    signed: bool = False,
    tolerance: float | None = None,
) -> tuple[list[Violation], Expect]:
    """What a map breaks, and what it was expected to keep to.

    Our own documents are held to what they say of themselves. What other programs wrote says
    nothing: its rows should sum to 1 and be not negative, unless `row_sum` and `signed` allow
    it.
    """
    own = amap.meta.get("source") != "foreign"
    said = Expect.of(amap) if own else Expect()
    expect = Expect(
        row_sum=row_sum or said.row_sum,
        signed=signed or said.signed,
        causal=causal,
        window=window,
        tolerance=max(DECIMALS, rounding(amap.weights)) if tolerance is None else tolerance,
    )
    names = (named(amap.queries), named(amap.keys))
    return broken(amap, expect, names=names), expect


def named(tokens: tuple[Token, ...]) -> list[str]:
    """Each token by its position and what it says."""
    return [f"{at} ({printable(token.label)})" for at, token in enumerate(tokens)]


def kept(amap: AttentionMap, expect: Expect) -> str:
    """What was looked at and found right, in a line."""
    n_layer, n_head, n_query, n_key = amap.weights.shape
    said = [
        "" if expect.signed else "nothing negative",
        "" if expect.row_sum == "any" else f"rows sum to {expect.row_sum}",
        "nothing hidden and no padding looked at",
        "nobody looks ahead" if expect.causal else "",
        "" if expect.window is None else f"nobody looks outside a window of {expect.window}",
    ]
    size = f"{n_layer} × {n_head} heads of {n_query} × {n_key} tokens"
    return f"{size}: {', '.join(filter(None, said))}"
