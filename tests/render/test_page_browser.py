"""The page in a browser: every view, by pointer and by keyboard, in light and in dark."""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import replace

import numpy as np
import pytest

from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Token
from attnviz.render.colors import Scale
from attnviz.render.page import bundle as assets
from attnviz.render.page import html, pages
from attnviz.render.safe_text import printable
from attnviz.render.style import Style
from tests.conftest import HOSTILE, make_map
from tests.render import browser as browsers

WORDS = ("The", "cat", "sat")
VIEWS = ("overview", "matrix", "lines", "text", "dimensions", "compare")


@pytest.fixture(scope="module")
def browser():
    with browsers.launched() as running:
        yield running


@pytest.fixture
def visit(browser, tmp_path):
    """Opens a page; afterwards it must have asked for one file and complained of nothing."""
    opened = []

    def open_page(maps, fragment="", style=None, ready=True, **context):
        maps = [maps] if isinstance(maps, AttentionMap) else maps
        path = tmp_path / f"{len(opened)}.html"
        path.write_bytes(pages(maps, style or Style()))
        opened.append(browsers.Visit(browser, path, **context))
        opened[-1].go(fragment, ready)
        return opened[-1]

    yield open_page
    for made in opened:
        assert made.complaints == []
        assert [url.partition("#")[0] for url in made.requests] == [made.path.as_uri()]
        made.context.close()


def rich(**more):
    """Two layers, two heads, vectors, hidden places, a special token and a word of two pieces."""
    rng = np.random.default_rng(3)
    visible = np.tril(np.ones((5, 5), bool))
    mass = rng.uniform(0.1, 1, (2, 2, 5, 5)) * visible
    tokens = (
        Token("<s>", "<s>", special=True),
        *(
            Token(label, label, word=word)
            for label, word in zip("abcd", (0, 1, 1, 2), strict=True)
        ),
    )
    return AttentionMap(
        tokens,
        tokens,
        mass / mass.sum(-1, keepdims=True),
        visible,
        layers=(3, 7),
        heads=(1, 4),
        query_vectors=rng.normal(size=(2, 2, 5, 3)),
        key_vectors=rng.normal(size=(2, 2, 5, 3)),
        **more,
    )


def shown(number, digits=3):
    return f"{number:.{digits}f}".replace("-", "−")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_view_is_drawn_and_fits(visit, scheme, width):
    maps = [rich(meta={"variant": "one"}), rich(meta={"variant": "two"})]
    size = {"width": width, "height": 800}
    seen = visit(maps, color_scheme=scheme, viewport=size, device_scale_factor=2)
    tabs = seen.tab.get_by_role("tab")
    assert tuple(tabs.all_inner_texts()) == tuple(view.capitalize() for view in VIEWS)
    for view in VIEWS:
        tabs.nth(VIEWS.index(view)).click()
        seen.tab.wait_for_selector(f"body[data-ready={view}]")
        box = seen.tab.locator("#figure").bounding_box()
        assert box["height"] > 90, view
        assert seen.tab.evaluate("document.documentElement.scrollWidth") <= width, view
        assert "Legend" in seen.text("#side")
    ground = seen.tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", ground))) > 384) == (scheme == "light")


def test_all_heads_of_the_overview_are_drawn_and_open(visit):
    seen = visit(rich())
    browsers.expect(seen.tab.locator(".thumb.drawn")).to_have_count(4)
    seen.tab.get_by_label("layer 7, head 4").click()
    seen.tab.wait_for_selector("body[data-ready=matrix]")
    assert seen.text("#caption") == "layer 7, head 4"
    assert "layer=7&head=4" in seen.tab.url


def test_every_cell_under_the_pointer_has_its_colour_and_its_weight(visit):
    amap = make_map(WORDS)
    seen = visit(amap, "view=matrix&head=1")
    canvas = seen.tab.locator("#figure canvas")
    box = canvas.bounding_box()
    colours = Scale.of(amap.weights).rgb(amap.weights[0, 1])
    found = {}
    for y in range(40, int(box["height"]), 60):
        for x in range(40, int(box["width"]), 60):
            seen.tab.mouse.move(box["x"] + x, box["y"] + y)
            found[seen.text("#pair")] = seen.text("#value"), (x, y)
    pairs = {(q, k): f"{a} → {b}" for q, a in enumerate(WORDS) for k, b in enumerate(WORDS)}
    assert set(pairs.values()) <= set(found)
    for (q, k), pair in pairs.items():
        assert found[pair][0] == shown(amap.weights[0, 1, q, k])
    drawn = pixels(seen)[..., :3]
    for rgb in colours.reshape(-1, 3):
        assert (drawn == rgb).all(-1).sum() > 500


def test_the_keyboard_reaches_everything(visit):
    amap = rich()
    seen = visit(amap, "q=0")
    keys = seen.tab.keyboard
    keys.press("Tab")  # the tabs of the views
    keys.press("ArrowRight")
    seen.tab.wait_for_selector("body[data-ready=matrix]")
    seen.tab.locator(".panel").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        keys.press(key)
    assert seen.text("#live") == f"b → a: {shown(amap.weights[0, 0, 2, 1])}"
    assert seen.tab.url.endswith("q=2&k=1")
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert seen.tab.evaluate(outline) == "solid"
    keys.press("End")
    assert seen.text("#live") == "b → d: hidden"
    keys.press("+")
    assert seen.tab.evaluate("document.activeElement.className") == "panel"
    assert "zoom=1.5" in seen.tab.url
    keys.press("0")
    assert "zoom" not in seen.tab.url
    seen.tab.get_by_label("zoom in").click()
    assert "zoom=1.5" in seen.tab.url
    seen.tab.get_by_text("fit", exact=True).click()
    seen.go("view=overview")
    seen.tab.wait_for_selector("body[data-ready=overview]")
    seen.tab.locator(".thumb").first.focus()
    for key in ("ArrowRight", "ArrowDown", "Enter"):
        keys.press(key)
    seen.tab.wait_for_selector("body[data-ready=matrix]")
    assert seen.text("#caption") == "layer 7, head 4"


def test_lines_of_one_token_and_of_several_heads(visit):
    seen = visit(rich(), "view=lines")
    paths = seen.tab.locator(".links path")
    assert paths.count() == 15
    assert len(set(paths.evaluate_all("all => all.map((p) => p.style.stroke)"))) == 1
    seen.tab.locator(".query button").nth(2).hover()
    assert paths.count() == 3
    seen.tab.locator(".key button").nth(1).focus()
    seen.tab.keyboard.press("ArrowLeft")
    assert seen.text("#live").startswith("a looks at ")
    assert paths.count() == 2
    seen.tab.mouse.move(0, 0)
    seen.tab.locator("h1").click()
    seen.tab.locator(".chips button").nth(1).click()
    browsers.expect(paths).to_have_count(30)
    assert len(set(paths.evaluate_all("all => all.map((p) => p.style.stroke)"))) == 2
    assert "heads=1%2C4" in seen.tab.url


def test_a_click_colours_the_text_by_that_query(visit):
    amap = rich()
    seen = visit(amap, "view=text&layer=7")
    tokens = seen.tab.locator(".token")
    tokens.nth(3).click()
    scale = Scale.of(amap.weights)
    for k in range(4):
        rgb = ", ".join(map(str, scale.rgb(amap.weights[1, 0, 3, k])))
        style = tokens.nth(k).evaluate("node => getComputedStyle(node).backgroundColor")
        assert style == f"rgb({rgb})"
    assert "hidden" in tokens.nth(4).get_attribute("class")
    best = np.argsort(-amap.weights[1, 0, 3])[0]
    assert seen.text("#live").startswith(f"c looks at {('<s>', *'abcd')[best]} ")


def test_the_product_of_each_dimension(visit):
    amap = rich()
    seen = visit(amap, "view=dimensions&q=2&k=1")
    q, k = amap.query_vectors[0, 0, 2], amap.key_vectors[0, 0, 1]
    seen.tab.locator(".bars [tabindex='0']").focus()
    seen.tab.keyboard.press("ArrowRight")
    values = ", ".join(shown(value) for value in (q[1], k[1], q[1] * k[1]))
    assert seen.text("#live") == f"dimension 1 of query, key, product: {values}"
    assert shown(q @ k) in seen.text(".bars:nth-of-type(3) h2")


def test_maps_side_by_side_under_one_cursor(visit):
    maps = [make_map(WORDS, meta={"variant": "one"}), make_map(WORDS, meta={"variant": "two"})]
    maps[1] = replace(maps[1], weights=maps[1].weights[:, ::-1])
    seen = visit(maps, "view=compare&q=1&k=2")
    values = [shown(amap.weights[0, 0, 1, 2]) for amap in maps]
    assert values[0] != values[1]
    titles = seen.tab.locator(".frame h2").all_inner_texts()
    assert titles == [f"one{values[0]}", f"two{values[1]}"]
    seen.tab.locator(".panel").nth(1).focus()
    seen.tab.keyboard.press("ArrowLeft")
    assert shown(maps[1].weights[0, 0, 1, 1]) in seen.text(".frame:nth-of-type(2) h2")


def test_hidden_is_not_zero(visit):
    visible = np.array([[True, False], [True, True]])
    weights = np.array([[[[1.0, 0.0], [1.0, 0.0]]]])
    seen = visit(make_map_of(weights, visible), "view=matrix&q=0&k=1")
    assert seen.text("#value") == "hidden"
    seen.tab.locator(".panel").focus()
    seen.tab.keyboard.press("ArrowDown")
    assert seen.text("#value") == "0.000"
    assert "hidden: may not be looked at" in seen.text("#legend")
    low, right = (size - edge - 40 for size, edge in zip(pixels(seen).shape, (2, 4), strict=False))
    corner = slice(low - 30, low - 8), slice(right - 30, right - 8)
    zero = Scale.of(weights).rgb(np.array(0.0))
    seen.tab.mouse.move(0, 0)
    drawn = pixels(seen)[..., :3]
    assert (drawn[corner] == zero).all()
    hidden = drawn[low - 110 : low - 88, right - 30 : right - 8]
    assert not (hidden == zero).all(-1).any()
    assert len(np.unique(hidden.reshape(-1, 3), axis=0)) > 1  # hatched


def pixels(seen):
    """What the canvas of the matrix holds.    -> [row, column, 4]"""
    found = seen.tab.evaluate(
        """() => {
          const { width, height } = document.querySelector('#figure canvas');
          const canvas = Object.assign(document.createElement('canvas'), { width, height });
          const pen = canvas.getContext('2d', { willReadFrequently: true });
          pen.drawImage(document.querySelector('#figure canvas'), 0, 0);
          const { data } = pen.getImageData(0, 0, width, height);
          const text = Array.from(data, (byte) => String.fromCharCode(byte)).join('');
          return [height, width, btoa(text)];
        }"""
    )
    return np.frombuffer(b64decode(found[2]), np.uint8).reshape(*found[:2], 4)


def make_map_of(weights, visible=None, **more):
    n_query, n_key = weights.shape[-2:]
    made = make_map([f"q{i}" for i in range(n_query)], [f"k{i}" for i in range(n_key)])
    return AttentionMap(made.queries, made.keys, weights, visible, **more)


def test_unspent_mass_and_row_sums_are_said(visit):
    weights = np.array([[[[0.25, 0.5], [0.0, 0.125]]]])
    seen = visit(make_map_of(weights, meta={"row_sum": "at most 1"}), "view=matrix&q=1")
    assert "unspent ∅ 0.875" in seen.text("#side")
    seen = visit(make_map_of(weights * -3, meta={"row_sum": "any"}), "view=matrix&q=0")
    assert "row sum Σ −2.250" in seen.text("#side")
    assert seen.text("#ticks").split() == ["−1.500", "0", "1.500"]


def test_leaving_out_and_renormalising_are_said_and_right(visit):
    amap = rich()
    seen = visit(amap, "view=matrix&q=4&k=2&special=false")
    assert "Left out: 1 query and 1 key." in seen.text("#notes")
    assert "Rows are not renormalised" in seen.text("#notes")
    assert f"row sum Σ {shown(amap.weights[0, 0, 4, 1:].sum())}" in seen.text("#side")
    seen.tab.locator("summary").first.click()
    seen.tab.get_by_label("renormalise").check()
    browsers.expect(seen.tab.locator("#notes")).to_contain_text("Rows are renormalised")
    row = amap.weights[0, 0, 4]
    assert seen.text("#value") == shown(row[2] / row[1:].sum())
    assert "special=false&renormalise=true" in seen.tab.url


def test_pieces_of_words_are_merged(visit):
    amap = rich()
    seen = visit(amap, "view=matrix&q=2&k=1&words=true")
    row = amap.weights[0, 0, 2:4].mean(0)  # the mean of what its pieces give
    assert seen.text("#pair") == "bc → a"
    assert seen.text("#value") == shown(row[1])
    seen.tab.locator(".panel").focus()
    seen.tab.keyboard.press("ArrowRight")
    assert seen.text("#value") == shown(row[2:4].sum())  # the sum of what they receive
    assert "Merged" in seen.text("#notes")


def test_weak_weights_can_be_left_undrawn(visit):
    amap = rich()
    seen = visit(amap, "view=lines&top=1")
    assert seen.tab.locator(".links path").count() == 5
    seen = visit(amap, "view=lines&threshold=0.3")
    assert seen.tab.locator(".links path").count() == (amap.weights[0, 0] >= 0.3).sum()
    assert "weights below 0.3" in seen.text("#notes")


def test_controls_write_the_state_and_follow_it(visit):
    seen = visit(rich(), "view=matrix")
    seen.tab.get_by_label("next layer").click()
    seen.tab.get_by_label("next layer").click()  # there is none
    browsers.expect(seen.tab.locator("#caption")).to_have_text("layer 7, head 1")
    seen.tab.get_by_label("head", exact=True).select_option("head 4")
    seen.tab.locator("summary").first.click()
    seen.tab.get_by_label("palette").first.select_option("magma")
    strongest = seen.tab.get_by_label("strongest keys")
    for wish in ("2", "99"):  # more than there are is not heard
        strongest.fill(wish)
    seen.tab.locator("[name=threshold]").fill("50")
    # half the way of the slider is an eighth of the largest weight, which is 1
    browsers.expect(seen.tab.locator("output")).to_have_text("≥ 0.13")
    wishes = "view=matrix&layer=7&head=4&threshold=0.13&top=2&palette=magma"
    assert seen.tab.url.partition("#")[2] == wishes
    seen.tab.evaluate("location.hash = 'view=matrix'")
    browsers.expect(seen.tab.locator("output")).to_have_text("all")
    assert seen.tab.locator("[name=threshold]").input_value() == "0"
    assert seen.tab.locator("[name=palette]").input_value() == "viridis"


def test_the_table_says_the_same(visit):
    amap = rich()
    seen = visit(amap, "view=matrix&table=true&layer=7&head=4")
    rows = [row.split("\t") for row in seen.text("table").splitlines()[1:]]
    rows = [row for row in rows if len(row) == 6]
    assert rows[0][1:] == ["<s>", *"abcd"]
    for q, row in enumerate(rows[1:]):
        hidden = ["hidden"] * (4 - q)
        assert row[1:] == [shown(w) for w in amap.weights[1, 1, q, : q + 1]] + hidden


def test_an_address_that_makes_no_sense_is_not_followed(visit):
    seen = visit(rich(), "view=x&layer=99&head=-1&q=1e9&k=&palette=no&map=7&zoom=NaN&top=a")
    assert seen.tab.evaluate("document.body.dataset.ready") == "overview"
    seen.tab.evaluate("location.hash = 'view=matrix&layer=7&head=4&q=1'")
    seen.tab.wait_for_selector("body[data-ready=matrix]")
    assert seen.text("#caption") == "layer 7, head 4"


@pytest.mark.parametrize("view", VIEWS[:4])
def test_foreign_text_is_shown_and_never_run(visit, view):
    amap = make_map(HOSTILE, text="".join(HOSTILE), meta={"model": HOSTILE[8], HOSTILE[8]: "x"})
    seen = visit(amap, f"view={view}&table=true", Style(captions={(0, 0): HOSTILE[8]}))
    counts = "['script', 'img', 'noscript'].map((tag) => document.querySelectorAll(tag).length)"
    assert seen.tab.evaluate(counts) == [2, 0, 1]
    if view in ("lines", "text"):
        labels = seen.tab.locator("#figure ol.query bdi, #figure .sentence bdi")
        assert labels.all_text_contents() == [printable(token) for token in HOSTILE]


def test_on_paper_it_is_light_and_without_controls(visit):
    seen = visit(rich(), "view=matrix&q=0", color_scheme="dark")
    seen.tab.emulate_media(media="print", color_scheme="dark")
    seen.tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert not seen.tab.locator("#bar").is_visible()
    background = "getComputedStyle(document.body).backgroundColor"
    assert seen.tab.evaluate(background) == "rgb(253, 253, 251)"
    left = pixels(seen)[:, :20]  # the labels of the rows
    assert left[left[..., 3] == 255].mean() < 200


def printed(seen):
    """How many heads are on paper, and what the paper says of those that are not."""
    seen.tab.emulate_media(media="print")
    return seen.tab.evaluate(
        """async () => {
          dispatchEvent(new Event('beforeprint'));
          for (let turn = 0; turn < 20; turn++) await null;  // what is due before paper is laid
          const { content } = getComputedStyle(document.querySelector('.heads'), '::after');
          return [document.querySelectorAll('.thumb.drawn').length, content];
        }"""
    )


def tall(n_layer):
    """A map of so many layers that most of them lie out of sight."""
    names = ("weights", "visible", "query_vectors", "key_vectors")
    layers = {name: np.repeat(getattr(rich(), name)[:1], n_layer, axis=0) for name in names}
    return replace(rich(), **layers, layers=tuple(range(n_layer)))


def test_layers_out_of_sight_are_on_paper_too(visit):
    seen = visit(tall(40), viewport={"width": 800, "height": 300})
    browsers.expect(seen.tab.locator(".thumb.drawn")).to_have_count(80)
    assert printed(seen) == [80, "none"]


def test_paper_says_which_heads_a_large_page_left_out(visit, monkeypatch):
    nothing = assets.script().replace("SMALL = 1 << 24", "SMALL = 0")
    assert nothing != assets.script()
    monkeypatch.setattr("attnviz.render.page.script", lambda: nothing)
    seen = visit(tall(40), viewport={"width": 800, "height": 300})
    browsers.expect(seen.tab.locator(".thumb.drawn").first).to_be_visible()
    drawn, note = printed(seen)
    assert 0 < drawn < 80
    assert "were not unpacked yet" in note


RECORD = """() => {
  const pen = CanvasRenderingContext2D.prototype;
  const { fillText } = pen;
  window.written = [];
  pen.fillText = function (text, ...rest) {
    const { a, b } = this.getTransform();
    written.push([text, Math.round(Math.atan2(-b, a) * 180 / Math.PI)]);
    fillText.call(this, text, ...rest);
  };
}"""


@pytest.mark.parametrize("n, angle", [(4, 0), (16, 45), (40, 90)])
def test_every_label_is_drawn_where_there_is_room_for_a_line(visit, n, angle):
    words = [f"{'word' if n < 9 else 'longer-word'}{at}" for at in range(n)]
    seen = visit(make_map(words, n_head=1), "view=matrix")
    seen.tab.evaluate(RECORD)
    seen.tab.locator(".panel").focus()
    seen.tab.keyboard.press("End")
    written = seen.tab.evaluate("written")
    assert [text for text, turn in written if turn == angle and text in words][-n:] == words
    assert len([text for text, _ in written if text in words]) == 2 * n


def test_only_labels_that_touch_are_left_out(visit):
    words = [f"w{at}" for at in range(120)]
    seen = visit(make_map(words, n_head=1), "view=matrix")
    seen.tab.evaluate(RECORD)
    seen.tab.locator(".panel").focus()
    seen.tab.keyboard.press("ArrowDown")
    texts = {text for text, _ in seen.tab.evaluate("written")}
    assert {"w0", "w1"} < texts
    assert 30 < len(texts) < 120


def test_many_lines_keep_to_a_window_and_let_the_chosen_query_stand_out(visit):
    n = 70
    weights = np.full((1, 1, n, n), 1 / n)
    seen = visit(make_map_of(weights), "view=lines&q=60")
    strong = (
        "all => all.map((p) => Number(p.getAttribute('stroke-opacity'))).filter((o) => o > 0.5)"
    )
    paths = seen.tab.locator(".links path")
    assert len(paths.evaluate_all(strong)) == n
    links = seen.tab.locator(".links")
    assert links.evaluate("node => node.scrollHeight > node.clientHeight")
    browsers.expect(seen.tab.locator(".links .marked")).to_be_in_viewport()
    seen.tab.emulate_media(media="print")
    assert links.evaluate("node => node.scrollHeight === node.clientHeight")


def test_without_scripts_there_is_a_drawing_and_a_table(visit):
    seen = visit(make_map(WORDS), ready=False, java_script_enabled=False)
    assert seen.tab.locator("noscript svg").is_visible()
    assert seen.tab.locator("noscript td").count() == 9
    assert not seen.tab.locator("#options, #bar, main").first.is_visible()
    assert seen.text("h1") == "attention"


def test_a_map_without_tokens_is_no_reason_to_fail(visit):
    amap = make_map_of(np.zeros((1, 1, 0, 0)))
    seen = visit(amap, "view=matrix&table=true")
    assert "could not" not in seen.text("main")


def test_twin_an_error_in_a_page_is_heard(browser, tmp_path):
    path = tmp_path / "broken.html"
    path.write_bytes(html(make_map(), Style()).replace(b'"maps":[', b'"maps":[0,'))
    seen = browsers.Visit(browser, path)
    seen.go(ready=False)
    assert seen.complaints
    seen.context.close()
