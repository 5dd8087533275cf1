"""The lines of the page in a browser, recorded as they are painted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.render import browser as browsers
from tests.render.page_maps import crossed, make_map_of, rich, shown

expect = browsers.expect

# Records the curves of the last painting: their ends, opacity, color, and whether dashed.
RECORD_CURVES = """() => {
  const pen = CanvasRenderingContext2D.prototype;
  const { bezierCurveTo, clearRect, moveTo, stroke } = pen;
  let start = null, end = null;
  window.curves = [];
  pen.clearRect = function (...box) {
    if (this.canvas.closest('.links')) curves.length = 0;
    clearRect.apply(this, box);
  };
  pen.moveTo = function (x, y) {
    [start, end] = [[x, y], null];
    moveTo.call(this, x, y);
  };
  pen.bezierCurveTo = function (...points) {
    end = points.slice(4);
    bezierCurveTo.apply(this, points);
  };
  pen.stroke = function (...path) {
    const dashed = this.getLineDash().length > 0;
    if (end) curves.push([...start, ...end, this.globalAlpha, this.strokeStyle, dashed]);
    end = null;
    stroke.apply(this, path);
  };
}"""


def painted(page):
    """The curves after a repaint: [x, y, x, y, opacity, color, dashed]."""
    page.tab.evaluate(RECORD_CURVES)
    size = page.tab.viewport_size
    page.tab.emulate_media(color_scheme="dark")
    page.tab.emulate_media(color_scheme="light")
    page.tab.set_viewport_size({**size, "height": size["height"] - 10})
    expect(page.tab.locator(".links canvas")).to_be_visible()
    for _ in range(3):  # the size is observed in one frame and followed in the next
        page.tab.evaluate("new Promise(requestAnimationFrame)")
    return page.tab.evaluate("curves")


def test_lines_of_one_token_and_of_several_heads(visit):
    page = visit(rich(), "view=lines")
    all_lines = painted(page)
    assert len(all_lines) == 15
    assert len({color for *_, color, _ in all_lines}) == 1
    page.tab.locator(".links .query button").nth(2).hover()
    page.wait_for("curves.length === 3")  # drawn with the next frame
    page.tab.locator(".links .key button").nth(1).hover()
    page.wait_for("curves.length === 4")
    page.tab.mouse.move(0, 0)
    page.tab.locator(".chips button", has_text="all").click()
    expect(page.tab.locator(".chips [aria-pressed=true]")).to_have_count(2)
    page.wait_for("curves.length === 30")
    curves = page.tab.evaluate("curves")
    assert len({color for *_, color, _ in curves}) == 2
    assert page.tab.url.endswith("heads=4")


def test_focus_on_a_token_announces_its_row_and_draws_its_lines(visit):
    page = visit(rich(), "view=lines")
    page.tab.evaluate(RECORD_CURVES)
    page.tab.locator(".links .query button").nth(2).focus()
    assert page.text("#live").startswith("b attends to ")
    page.wait_for("curves.length === 3")  # drawn with the next frame


def test_the_lines_are_those_of_the_selected_head(visit):
    """After a choice of several heads, another head that is selected is among them."""
    amap = rich()
    page = visit(amap, "view=lines&heads=4&q=4")
    page.tab.locator(".chips button", has_text="only").click()
    page.tab.get_by_label("head", exact=True).select_option("head 4")
    expect(page.tab.locator("#caption")).to_have_text("layer 3, head 4")
    pressed = page.tab.locator(".chips [aria-pressed=true]").all_inner_texts()
    assert pressed == ["head 4"]
    opacities = sorted(opacity for *_, opacity, _, _ in painted(page))
    expected = sorted(amap.weights[0, 1, 4] / amap.weights.max())
    assert np.allclose(opacities, expected, atol=0.01)


def test_the_opacity_of_a_line_is_its_weight(visit):
    amap = rich()
    page = visit(amap, "view=lines&q=4")
    opacities = sorted(opacity for *_, opacity, _, _ in painted(page))
    assert np.allclose(opacities, sorted(amap.weights[0, 0, 4]), atol=0.005)


def test_lines_run_from_their_query_at_the_left_to_their_key_at_the_right(visit):
    weights = np.zeros((1, 1, 3, 4))
    pairs = {(0, 2), (1, 0), (2, 3)}
    for pair in pairs:
        weights[0, 0][pair] = 1.0
    page = visit(replace(crossed(), weights=weights), "view=lines")
    curves = painted(page)
    assert len(curves) == len(pairs)
    canvas = page.tab.locator(".links canvas").bounding_box()
    middles = {
        side: [
            (box := item.bounding_box())["y"] + box["height"] / 2 - canvas["y"]
            for item in page.tab.locator(f".links .{side} li").all()
        ]
        for side in ("query", "key")
    }
    assert [len(middle) for middle in middles.values()] == [3, 4]
    linked = set()
    for left, start, right, end, *_ in curves:
        assert left < right
        query, key = (
            int(np.argmin(np.abs(np.array(middles[side]) - at)))
            for side, at in (("query", start), ("key", end))
        )
        assert middles["query"][query] == pytest.approx(start, abs=2)
        assert middles["key"][key] == pytest.approx(end, abs=2)
        linked.add((query, key))
    assert linked == pairs


def test_a_click_on_a_token_of_the_lines_selects_its_side(visit):
    page = visit(crossed(), "view=lines&q=2&k=1")
    page.tab.locator(".links .key button").nth(3).click()
    expect(page.tab.locator("#pair")).to_have_text("dort → asleep")
    page.tab.locator(".links .query button").nth(1).click()
    expect(page.tab.locator("#pair")).to_have_text("chat → asleep")
    assert page.text("#value") == shown(crossed().weights[0, 0, 1, 3])
    assert page.tab.url.endswith("q=1&k=3")


def test_weak_weights_can_be_hidden(visit):
    amap = rich()
    assert len(painted(visit(amap, "view=lines&top=1"))) == 5
    page = visit(amap, "view=lines&threshold=0.3")
    assert len(painted(page)) == (amap.weights[0, 0] >= 0.3).sum()
    assert "weights below 0.3" in page.text("#notes")


def test_many_lines_are_a_window_that_begins_at_the_selected_query(visit):
    n = 70
    weights = np.full((1, 1, n, n), 1 / n)
    page = visit(make_map_of(weights), "view=lines&q=60")
    links = page.tab.locator(".links")
    assert links.evaluate("node => node.scrollHeight > node.clientHeight")
    expect(page.tab.locator(".links .marked")).to_be_in_viewport()
    assert len(painted(page)) == n
    page.tab.emulate_media(media="print")
    page.tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert links.evaluate("node => node.scrollHeight === node.clientHeight")


def test_signed_weights_have_dashed_lines(visit):
    weights = np.array([[[[0.5, -0.5], [-0.25, 1.0]]]])
    page = visit(make_map_of(weights, meta={"row_sum": "any"}), "view=lines")
    assert sorted(dashed for *_, dashed in painted(page)) == [False, False, True, True]
    assert "Dashed: negative." in page.text("#legend")


def test_waiting_sees_what_becomes_true_some_frames_later_and_nothing_else(visit):
    page = visit(rich(), "view=lines")
    page.tab.evaluate("setTimeout(() => { window.late = true; }, 50)")
    page.wait_for("window.late === true")
    with pytest.raises(AssertionError, match=r"window.late === 1 is False after 100 frames"):
        page.wait_for("window.late === 1")
