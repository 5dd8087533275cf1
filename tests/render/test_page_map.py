"""The map of the page in a browser: the matrix and the thumbnails, read back from their pixels."""

from __future__ import annotations

import numpy as np
import pytest

from attnviz.core.attention_map import AttentionMap
from tests.conftest import make_map
from tests.render import browser as browsers
from tests.render.page_maps import (
    RECORD_TEXTS,
    WORD_PAIRS,
    center_of,
    colors_on_light,
    crossed,
    decode,
    make_map_of,
    pixels,
    shown,
)


def test_every_cell_under_the_pointer_has_its_color_and_its_weight(visit):
    amap = crossed(1, 2)
    page = visit(amap, "view=matrix&head=1")
    box = page.tab.locator("#figure canvas").first.bounding_box()
    colors = colors_on_light(amap.weights[0, 1], amap.weights.max())
    drawn = pixels(page)[..., :3]
    for q, k in np.ndindex(3, 4):
        cell = np.argwhere((drawn == colors[q, k]).all(-1))
        assert len(cell) > 500
        y, x = cell.mean(0)
        page.tab.mouse.move(box["x"] + x, box["y"] + y)
        pair = f"{WORD_PAIRS['queries'][q]} → {WORD_PAIRS['keys'][k]}"
        browsers.expect(page.tab.locator("#pair")).to_have_text(pair)
        assert page.text("#value") == shown(amap.weights[0, 1, q, k])


def test_the_tooltip_at_the_pointer_has_positions_value_percentage_and_rank(visit):
    amap = crossed()
    page = visit(amap, "view=matrix")
    x, y = center_of(page, colors_on_light(amap.weights[0, 0, 1, 2], 1.0))
    page.tab.locator("#figure canvas").first.hover(position={"x": x, "y": y})
    text = page.text("#tooltip")
    rank = 1 + int((amap.weights[0, 0, 1] > amap.weights[0, 0, 1, 2]).sum())
    value = amap.weights[0, 0, 1, 2]
    for part in ("chat (1) → is (2)", shown(value), f"rank {rank} of 4", "row sum Σ"):
        assert part in text, part
    assert "%" not in text  # rows of any sum have no percentages
    page.tab.mouse.move(0, 0)
    browsers.expect(page.tab.locator("#tooltip")).to_have_count(0)


def test_masked_is_not_zero(visit):
    visible = np.array([[True, False], [True, True]])
    weights = np.array([[[[1.0, 0.0], [1.0, 0.0]]]])
    page = visit(make_map_of(weights, visible), "view=matrix&q=0&k=1")
    assert (page.text("#value"), page.text("#rank")) == ("masked", "Masked.")
    zero = colors_on_light(0.0, 1.0)
    drawn = pixels(page)[..., :3]
    bottom, right = np.argwhere((drawn == zero).all(-1)).max(0)
    cell = 80
    hatched = drawn[bottom - 2 * cell + 20 : bottom - cell - 20, right - cell + 20 : right - 20]
    assert not (hatched == zero).all(-1).any()
    assert len(np.unique(hatched.reshape(-1, 3), axis=0)) > 1
    assert page.text("#legend .mark") == "masked"
    page.tab.locator(".panel").focus()
    page.tab.keyboard.press("ArrowDown")
    assert page.text("#value") == "0.000"
    assert "rank 2 of 2 in this row" in page.text("#rank")


@pytest.mark.parametrize("n, angle", [(4, 0), (16, 45), (40, 90)])
def test_every_label_is_drawn_where_there_is_room_for_a_line(visit, n, angle):
    words = [f"{'word' if n < 9 else 'longer-word'}{at}" for at in range(n)]
    size = {"width": 1280, "height": 1200}
    page = visit(make_map(words, n_head=1), "view=matrix", viewport=size)
    page.tab.evaluate(RECORD_TEXTS)
    page.tab.locator(".panel").focus()
    page.tab.keyboard.press("End")
    texts = page.tab.evaluate("texts")
    names = {text for text, *_ in texts}
    assert set(words) <= names
    turned = {text for text, *_, turn in texts if turn == angle}
    assert set(words) <= turned


def test_only_labels_that_touch_are_left_out(visit):
    words = [f"w{at}" for at in range(120)]
    page = visit(make_map(words, n_head=1), "view=matrix")
    page.tab.evaluate(RECORD_TEXTS)
    page.tab.locator(".panel").focus()
    page.tab.keyboard.press("ArrowDown")
    texts = {text for text, *_ in page.tab.evaluate("texts")}
    assert {"w0", "w1"} < texts
    assert 30 < len(texts) < 120


def test_labels_of_a_heatmap_are_beside_the_cells_of_their_tokens(visit):
    amap = crossed()
    page = visit(amap, "view=matrix&q=1&k=1")
    page.tab.evaluate(RECORD_TEXTS)
    page.tab.locator(".panel").focus()
    page.tab.keyboard.press("ArrowDown")
    written = {text: (x, y) for text, x, y, _ in page.tab.evaluate("texts")}
    colors = colors_on_light(amap.weights[0, 0], 1.0)
    (x0, y0), (x1, y1) = (center_of(page, rgb) for rgb in (colors[0, 0], colors[1, 1]))
    for i, query in enumerate(WORD_PAIRS["queries"]):
        x, y = written[query]
        assert y == pytest.approx(y0 + i * (y1 - y0), abs=4)
        assert x < x0
    for i, key in enumerate(WORD_PAIRS["keys"]):
        x, y = written[key]
        assert x == pytest.approx(x0 + i * (x1 - x0), abs=4)
        assert y < y0


def test_a_click_on_a_cell_selects_its_query_and_its_key(visit):
    """First query at the top, first key at the left."""
    amap = crossed()
    page = visit(amap, "view=matrix&q=1&k=1")
    for q, k in ((2, 0), (0, 3), (1, 2)):
        x, y = center_of(page, colors_on_light(amap.weights[0, 0, q, k], 1.0))
        page.tab.locator("#figure canvas").first.click(position={"x": x, "y": y})
        page.tab.mouse.move(0, 0)  # what remains is the selection, not the cell at the pointer
        pair = f"{WORD_PAIRS['queries'][q]} → {WORD_PAIRS['keys'][k]}"
        browsers.expect(page.tab.locator("#pair")).to_have_text(pair)
        assert page.text("#value") == shown(amap.weights[0, 0, q, k])


def thumbnail_boxes(page):
    """The boxes of the thumbnails of two layers, down, and three heads, across.    -> [6]"""
    boxes = [thumb.bounding_box() for thumb in page.tab.locator(".thumb").all()]
    tops, lefts = (sorted({round(box[side]) for box in boxes}) for side in "yx")
    assert (len(tops), len(lefts)) == (2, 3)
    return sorted(boxes, key=lambda box: (round(box["y"]), round(box["x"])))


@pytest.mark.parametrize("view", ["overview", "matrix"])
def test_a_click_on_a_thumbnail_opens_the_head_that_it_shows(visit, view):
    amap = crossed(2, 3)
    amap = AttentionMap(
        amap.queries, amap.keys, amap.weights, layers=(3, 7), heads=(1, 4, 6), meta=amap.meta
    )
    page = visit(amap, f"view={view}&q=1&k=2")
    colors = colors_on_light(amap.weights, amap.weights.max()).reshape(6, 12, 3)
    for layer, head in ((0, 2), (1, 0), (1, 1)):
        page.tab.locator(f"[data-view={view}]").click()
        page.tab.wait_for_selector(f"body[data-ready={view}]")
        browsers.expect(page.tab.locator(".thumb.drawn")).to_have_count(6)
        page.tab.mouse.move(0, 0)
        box = thumbnail_boxes(page)[3 * layer + head]
        thumbnail = decode(page.tab.screenshot(clip=box))
        matches = [all((thumbnail == c).all(-1).any() for c in one) for one in colors]
        assert matches.index(True) == 3 * layer + head
        page.tab.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.tab.wait_for_selector("body[data-ready=matrix]")
        caption = f"layer {amap.layers[layer]}, head {amap.heads[head]}"
        browsers.expect(page.tab.locator("#caption")).to_have_text(caption)
        assert page.text("#value") == shown(amap.weights[layer, head, 1, 2])
