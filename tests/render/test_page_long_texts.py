"""The sentence of a long text: tokens are painted when they come into view, and in print."""

from __future__ import annotations

import numpy as np

from tests.render.browser import expect
from tests.render.page_maps import make_map_of

N = 600


def long_page(visit):
    weights = np.tril(1.0 + np.arange(N * N).reshape(N, N) % 7)
    weights /= weights.sum(-1, keepdims=True)
    amap = make_map_of(weights[None, None], np.tril(np.ones((N, N), bool)))
    return visit(amap, f"view=matrix&q={N - 10}&k=300")


def test_tokens_are_painted_when_they_come_into_view_and_in_print(visit):
    page = long_page(visit)

    def token(side, i):
        return page.tab.locator(f"#sentence .{side} [data-index='{i}']")

    for side, i in (("queries", N - 10), ("keys", 300)):
        expect(token(side, i)).to_be_in_viewport()
        expect(token(side, i)).to_have_attribute("aria-pressed", "true")
    token("queries", N - 9).click()
    assert page.tab.locator("#sentence .queries [aria-pressed=true]").count() == 1

    last = token("keys", N - 1)
    assert last.get_attribute("aria-label") is None
    last.scroll_into_view_if_needed()
    expect(last).to_have_attribute("aria-label", f"k{N - 1} masked")

    painted = page.tab.locator("#sentence .keys [data-index][aria-label]")
    assert painted.count() < N
    page.tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(painted).to_have_count(N)
