"""The page in a browser: every view, by pointer and keyboard, in light and dark."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from attnviz.core.tokens import Token
from attnviz.render.page.quantize import quantize
from attnviz.render.safe_text import escape_token
from attnviz.render.style import Style
from tests.conftest import HOSTILE, make_map
from tests.render import browser as browsers
from tests.render.page_maps import (
    VIEWS,
    WORDS,
    colors_on_light,
    crossed,
    make_map_of,
    rich,
    shown,
)
from tests.render.pages import html


@pytest.mark.parametrize(
    ("width", "scheme"), [(1920, "dark"), (1280, "light"), (640, "dark"), (390, "light")]
)
def test_every_view_is_drawn_and_fits(visit, scheme, width):
    maps = [rich(meta={"variant": "one"}), rich(meta={"variant": "two"})]
    size = {"width": width, "height": 800}
    page = visit(maps, color_scheme=scheme, viewport=size, device_scale_factor=2)
    buttons = page.tab.locator("#views button")
    assert tuple(buttons.evaluate_all("all => all.map((b) => b.dataset.view)")) == VIEWS
    for i, view in enumerate(VIEWS):
        buttons.nth(i).click()
        page.tab.wait_for_selector(f"body[data-ready={view}]")
        assert page.tab.locator("#figure").bounding_box()["height"] > 90, view
        assert page.tab.evaluate("document.documentElement.scrollWidth") <= width, view
        assert "Legend" in page.text("#side")
        if width < 800:  # one column
            for part in ("#sentence", "#stage", "#side"):
                assert page.tab.locator(part).bounding_box()["width"] > 0.9 * width, (view, part)
        if width > 1000:  # one screen
            assert page.tab.evaluate("document.documentElement.scrollHeight") <= 800, view
    ground = page.tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", ground))) > 384) == (scheme == "light")


def test_all_heads_are_drawn_and_open(visit):
    page = visit(rich(), "view=overview")
    browsers.expect(page.tab.locator(".thumb.drawn")).to_have_count(4)
    assert "Grid: layers (down) × heads (across)." in page.text("#legend")
    page.tab.locator(".thumb[aria-label^='layer 7, head 4']").click()
    page.tab.wait_for_selector("body[data-ready=matrix]")
    assert page.text("#caption") == "layer 7, head 4"
    assert "layer=7&head=4" in page.tab.url


def test_the_heads_of_a_single_layer_are_no_grid_of_layers(visit):
    assert "Grid" not in visit(make_map(WORDS)).text("#legend")


def test_the_keyboard_reaches_everything(visit):
    amap = rich()
    page = visit(amap, "view=matrix&q=0&k=0")
    keys = page.tab.keyboard
    page.tab.locator(".panel").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        keys.press(key)
    assert page.text("#live") == f"b → a: {shown(amap.weights[0, 0, 2, 1])}"
    assert page.tab.url.endswith("q=2&k=1")
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.tab.evaluate(outline) == "solid"
    keys.press("End")
    assert page.text("#live") == "b → d: masked"
    page.tab.locator("[data-view=overview]").press("Enter")
    page.tab.wait_for_selector("body[data-ready=overview]")
    page.tab.locator(".thumb").first.focus()
    for key in ("ArrowRight", "ArrowDown", "Enter"):
        keys.press(key)
    page.tab.wait_for_selector("body[data-ready=matrix]")
    assert page.text("#caption") == "layer 7, head 4"


def test_keys_and_buttons_zoom(visit):
    page = visit(make_map([f"w{i}" for i in range(40)]), "view=matrix&q=3&k=2")
    keys = page.tab.keyboard
    page.tab.locator(".panel").focus()
    keys.press("+")
    assert page.tab.evaluate("document.activeElement.className") == "panel"
    browsers.expect(page.tab).to_have_url(re.compile("zoom=1.5"))
    keys.press("0")
    browsers.expect(page.tab).not_to_have_url(re.compile("zoom="))
    page.tab.get_by_label("zoom in").click()
    browsers.expect(page.tab).to_have_url(re.compile("zoom=1.5"))
    page.tab.get_by_text("fit", exact=True).click()


def test_a_click_colors_the_keys_by_that_query(visit):
    amap = rich()
    page = visit(amap, "layer=7")
    page.tab.locator(".queries .token").nth(3).click()
    keys = page.tab.locator(".keys .token")
    for k in range(4):
        rgb = ", ".join(map(str, colors_on_light(amap.weights[1, 0, 3, k], 1.0)))
        style = keys.nth(k).evaluate("node => getComputedStyle(node).backgroundColor")
        assert style == f"rgb({rgb})"
    assert "masked" in keys.nth(4).get_attribute("class")
    best = np.argsort(-amap.weights[1, 0, 3])[0]
    assert page.text("#live").startswith(f"c attends to {('<s>', *'abcd')[best]} ")


def test_the_sentence_turns_to_the_queries_of_a_key(visit):
    amap = rich()
    page = visit(amap, "view=matrix&q=4&k=1")
    page.tab.locator("#direction").click()
    numbers = page.tab.locator(".queries .token small").all_inner_texts()
    assert numbers == ["·", *(shown(w) for w in amap.weights[0, 0, 1:, 1])]
    assert "direction=by" in page.tab.url


def test_the_product_of_each_dimension(visit):
    amap = rich()
    page = visit(amap, "q=2&k=1")
    q, k = amap.query_vectors[0, 0, 2], amap.key_vectors[0, 0, 1]
    page.tab.locator(".bars [tabindex='0']").focus()
    page.tab.keyboard.press("ArrowRight")
    values = ", ".join(shown(value) for value in (q[1], k[1], q[1] * k[1]))
    assert page.text("#live") == f"dimension 1 of query, key, product: {values}"
    assert shown(q @ k) in page.text("#vectors .bars:nth-of-type(3) h3")


def test_vectors_are_read_by_the_zero_point_of_their_codes(visit, monkeypatch):
    """The page's data state a zero point per array; codes of unsigned numbers start at 1."""
    amap = rich()
    unsigned = [np.abs(vectors) for vectors in (amap.query_vectors, amap.key_vectors)]
    for vectors in unsigned:
        vectors[..., 1] = 0.0
    amap = replace(amap, query_vectors=unsigned[0], key_vectors=unsigned[1])

    def quantize_unsigned(array, signed, visible=None):
        return quantize(array, False, visible)

    monkeypatch.setattr("attnviz.render.page.data_island.quantize", quantize_unsigned)
    page = visit(amap, "q=2&k=1")
    page.tab.locator(".bars [tabindex='0']").focus()
    page.tab.keyboard.press("ArrowRight")
    zero = shown(0.0)
    assert page.text("#live") == f"dimension 1 of query, key, product: {zero}, {zero}, {zero}"


def test_maps_side_by_side_under_one_cursor(visit):
    maps = [make_map(WORDS, meta={"variant": "one"}), make_map(WORDS, meta={"variant": "two"})]
    maps[1] = replace(maps[1], weights=maps[1].weights[:, ::-1])
    page = visit(maps, "view=compare")
    best = [int(amap.weights[0, 0, 0].argmax()) for amap in maps]
    assert best[0] != best[1]
    texts = page.tab.locator(".frame h2 b").all_inner_texts()
    assert texts == [shown(amap.weights[0, 0, 0, best[0]]) for amap in maps]  # of one key
    page.tab.evaluate("location.hash = 'view=compare&q=1&k=2'")
    browsers.expect(page.tab.locator("#pair")).to_have_text("cat → sat")
    values = [shown(amap.weights[0, 0, 1, 2]) for amap in maps]
    assert values[0] != values[1]
    titles = page.tab.locator(".frame h2").all_inner_texts()
    assert titles == [f"one{values[0]}", f"two{values[1]}"]
    page.tab.locator(".panel").nth(1).focus()
    page.tab.keyboard.press("ArrowLeft")
    second = page.tab.locator(".frame h2").nth(1)
    browsers.expect(second).to_contain_text(shown(maps[1].weights[0, 0, 1, 1]))


def test_an_address_that_makes_no_sense_is_not_followed(visit):
    page = visit(rich(), "view=x&layer=99&head=-1&q=1e9&k=&palette=no&map=7&zoom=NaN&top=a")
    assert page.tab.evaluate("document.body.dataset.ready") == "matrix"
    page.tab.evaluate("location.hash = 'view=lines&layer=7&head=4&q=1'")
    page.tab.wait_for_selector("body[data-ready=lines]")
    browsers.expect(page.tab.locator("#caption")).to_have_text("layer 7, head 4")


def show(page, view):
    """Another view of an open page."""
    page.tab.evaluate(f"location.hash = 'view={view}&table=true'")
    page.tab.wait_for_selector(f"body[data-ready={view}]")


def test_hostile_text_is_shown_and_never_run(visit):
    amap = make_map(HOSTILE, text="".join(HOSTILE), meta={"model": HOSTILE[8], HOSTILE[8]: "x"})
    page = visit(amap, "view=matrix&table=true", Style(captions={(0, 0): HOSTILE[8]}))
    counts = "['script', 'img', 'noscript'].map((tag) => document.querySelectorAll(tag).length)"
    for view in VIEWS[:3]:
        show(page, view)
        assert page.tab.evaluate(counts) == [2, 0, 1], view
        labels = page.tab.locator(".queries bdi")
        assert labels.all_text_contents() == [escape_token(token) for token in HOSTILE], view


def test_without_scripts_there_is_a_drawing_and_a_table(visit):
    amap = make_map(WORDS, meta={"trained": False, "seed": 7})
    page = visit(amap, ready=False, java_script_enabled=False)
    assert page.text("h1 + p").startswith("untrained weights (seed 7): shows the mechanism")
    assert page.tab.locator("noscript svg").is_visible()
    assert page.tab.locator("noscript td").count() == 9
    assert not page.tab.locator("#app").is_visible()
    assert page.text("h1") == "attention"


def test_untrained_weights_have_a_subtitle_in_every_view(visit):
    page = visit(make_map(WORDS, meta={"trained": False, "seed": 7}), "view=matrix")
    note = page.tab.locator("h1 + p")
    for view in (*VIEWS[:3], "print"):
        if view == "print":
            page.tab.emulate_media(media="print")
        else:
            show(page, view)
        assert note.is_visible(), view
        assert note.inner_text().startswith("untrained weights (seed 7): shows the mechanism")


def test_a_map_without_tokens_is_shown(visit):
    page = visit(make_map_of(np.zeros((1, 1, 0, 0))), "view=matrix&table=true")
    assert "could not" not in page.text("main")


def test_a_click_on_a_top_key_selects_it_for_the_same_query(visit):
    amap = crossed()
    page = visit(amap, "view=matrix&q=2&k=0")
    second = int(np.argsort(-amap.weights[0, 0, 2])[1])
    page.tab.locator("#strongest button").nth(1).click()
    label = tuple(token.label for token in amap.keys)[second]
    browsers.expect(page.tab.locator("#pair")).to_have_text(f"dort → {label}")
    assert "rank 2 of 4" in page.text("#rank")


def test_an_error_in_a_page_is_noticed(browser, tmp_path):
    path = tmp_path / "broken.html"
    path.write_bytes(html(make_map(), Style()).replace(b'"maps":[', b'"maps":[0,'))
    page = browsers.Visit(browser, path)
    page.go(ready=False)
    browsers.expect(page.tab.locator("[role=alert]")).to_contain_text("could not be drawn")
    assert page.complaints
    page.context.close()


def test_tokens_of_two_segments_are_on_lines_of_their_own(visit):
    tokens = tuple(Token(label, label, segment=int(label > "b")) for label in "abcd")
    page = visit(replace(make_map("abcd", n_head=1), queries=tokens, keys=tokens))
    assert page.tab.locator(".queries hr").count() == page.tab.locator(".keys hr").count() == 1
