"""The page in a browser: every view, by pointer and keyboard, in light and dark."""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from matplotlib.image import imread

from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Token
from attnviz.render.colors import ColorScale
from attnviz.render.page.bundle import built_script
from attnviz.render.page.quantize import quantize
from attnviz.render.safe_text import escape_token
from attnviz.render.style import Style
from tests.conftest import HOSTILE, make_map
from tests.render import browser as browsers
from tests.render.pages import html, render_page

WORDS = ("The", "cat", "sat")
VIEWS = ("overview", "matrix", "lines", "text", "dimensions", "compare")


@pytest.fixture(scope="module")
def browser():
    with browsers.launched() as running:
        yield running


@pytest.fixture
def visit(browser, tmp_path):
    """Opens pages; afterwards each must have requested one file and logged no errors."""
    opened = []

    def open_page(maps, fragment="", style=None, ready=True, **context):
        maps = [maps] if isinstance(maps, AttentionMap) else maps
        path = tmp_path / f"{len(opened)}.html"
        path.write_bytes(render_page(maps, style or Style()))
        opened.append(browsers.Visit(browser, path, **context))
        opened[-1].go(fragment, ready)
        return opened[-1]

    yield open_page
    for page in opened:
        assert page.complaints == []
        assert [url.partition("#")[0] for url in page.requests] == [page.path.as_uri()]
        page.context.close()


def rich(**more):
    """Two layers, two heads, vectors, masked pairs, a special token and a word of two pieces."""
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
    page = visit(maps, color_scheme=scheme, viewport=size, device_scale_factor=2)
    tabs = page.tab.get_by_role("tab")
    assert tuple(tabs.all_inner_texts()) == tuple(view.capitalize() for view in VIEWS)
    for view in VIEWS:
        tabs.nth(VIEWS.index(view)).click()
        page.tab.wait_for_selector(f"body[data-ready={view}]")
        box = page.tab.locator("#figure").bounding_box()
        assert box["height"] > 90, view
        assert page.tab.evaluate("document.documentElement.scrollWidth") <= width, view
        assert "Legend" in page.text("#side")
    ground = page.tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", ground))) > 384) == (scheme == "light")


def test_all_heads_of_the_overview_are_drawn_and_open(visit):
    page = visit(rich())
    browsers.expect(page.tab.locator(".thumb.drawn")).to_have_count(4)
    assert "Grid: layers (down) × heads (across)." in page.text("#legend")
    page.tab.get_by_label("layer 7, head 4").click()
    page.tab.wait_for_selector("body[data-ready=matrix]")
    assert page.text("#caption") == "layer 7, head 4"
    assert "layer=7&head=4" in page.tab.url


def test_the_heads_of_a_single_layer_are_no_grid_of_layers(visit):
    assert "Grid" not in visit(make_map(WORDS)).text("#legend")


def test_every_cell_under_the_pointer_has_its_color_and_its_weight(visit):
    amap = make_map(WORDS)
    page = visit(amap, "view=matrix&head=1")
    canvas = page.tab.locator("#figure canvas")
    box = canvas.bounding_box()
    colors = ColorScale.of(amap.weights).rgb(amap.weights[0, 1])
    values = {}
    for y in range(40, int(box["height"]), 60):
        for x in range(40, int(box["width"]), 60):
            page.tab.mouse.move(box["x"] + x, box["y"] + y)
            values[page.text("#pair")] = page.text("#value"), (x, y)
    pairs = {(q, k): f"{a} → {b}" for q, a in enumerate(WORDS) for k, b in enumerate(WORDS)}
    assert set(pairs.values()) <= set(values)
    for (q, k), pair in pairs.items():
        assert values[pair][0] == shown(amap.weights[0, 1, q, k])
    drawn = pixels(page)[..., :3]
    for rgb in colors.reshape(-1, 3):
        assert (drawn == rgb).all(-1).sum() > 500


def test_the_keyboard_reaches_everything(visit):
    amap = rich()
    page = visit(amap, "q=0")
    keys = page.tab.keyboard
    keys.press("Tab")  # the tabs of the views
    keys.press("ArrowRight")
    page.tab.wait_for_selector("body[data-ready=matrix]")
    page.tab.locator(".panel").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        keys.press(key)
    assert page.text("#live") == f"b → a: {shown(amap.weights[0, 0, 2, 1])}"
    assert page.tab.url.endswith("q=2&k=1")
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.tab.evaluate(outline) == "solid"
    keys.press("End")
    assert page.text("#live") == "b → d: masked"
    keys.press("+")
    assert page.tab.evaluate("document.activeElement.className") == "panel"
    assert "zoom=1.5" in page.tab.url
    keys.press("0")
    assert "zoom" not in page.tab.url
    page.tab.get_by_label("zoom in").click()
    assert "zoom=1.5" in page.tab.url
    page.tab.get_by_text("fit", exact=True).click()
    page.go("view=overview")
    page.tab.wait_for_selector("body[data-ready=overview]")
    page.tab.locator(".thumb").first.focus()
    for key in ("ArrowRight", "ArrowDown", "Enter"):
        keys.press(key)
    page.tab.wait_for_selector("body[data-ready=matrix]")
    assert page.text("#caption") == "layer 7, head 4"


def test_lines_of_one_token_and_of_several_heads(visit):
    page = visit(rich(), "view=lines")
    paths = page.tab.locator(".links path")
    assert paths.count() == 15
    assert len(set(paths.evaluate_all("all => all.map((p) => p.style.stroke)"))) == 1
    page.tab.locator(".query button").nth(2).hover()
    assert paths.count() == 3
    page.tab.locator(".key button").nth(1).focus()
    page.tab.keyboard.press("ArrowLeft")
    assert page.text("#live").startswith("a attends to ")
    assert paths.count() == 2
    page.tab.mouse.move(0, 0)
    page.tab.locator("h1").click()
    page.tab.locator(".chips button").nth(1).click()
    browsers.expect(paths).to_have_count(30)
    assert len(set(paths.evaluate_all("all => all.map((p) => p.style.stroke)"))) == 2
    assert "heads=1%2C4" in page.tab.url


def test_a_click_colors_the_text_by_that_query(visit):
    amap = rich()
    page = visit(amap, "view=text&layer=7")
    tokens = page.tab.locator(".token")
    tokens.nth(3).click()
    scale = ColorScale.of(amap.weights)
    for k in range(4):
        rgb = ", ".join(map(str, scale.rgb(amap.weights[1, 0, 3, k])))
        style = tokens.nth(k).evaluate("node => getComputedStyle(node).backgroundColor")
        assert style == f"rgb({rgb})"
    assert "masked" in tokens.nth(4).get_attribute("class")
    best = np.argsort(-amap.weights[1, 0, 3])[0]
    assert page.text("#live").startswith(f"c attends to {('<s>', *'abcd')[best]} ")


def test_the_product_of_each_dimension(visit):
    amap = rich()
    page = visit(amap, "view=dimensions&q=2&k=1")
    q, k = amap.query_vectors[0, 0, 2], amap.key_vectors[0, 0, 1]
    page.tab.locator(".bars [tabindex='0']").focus()
    page.tab.keyboard.press("ArrowRight")
    values = ", ".join(shown(value) for value in (q[1], k[1], q[1] * k[1]))
    assert page.text("#live") == f"dimension 1 of query, key, product: {values}"
    assert shown(q @ k) in page.text(".bars:nth-of-type(3) h2")


def test_maps_side_by_side_under_one_cursor(visit):
    maps = [make_map(WORDS, meta={"variant": "one"}), make_map(WORDS, meta={"variant": "two"})]
    maps[1] = replace(maps[1], weights=maps[1].weights[:, ::-1])
    page = visit(maps, "view=compare&q=1&k=2")
    values = [shown(amap.weights[0, 0, 1, 2]) for amap in maps]
    assert values[0] != values[1]
    titles = page.tab.locator(".frame h2").all_inner_texts()
    assert titles == [f"one{values[0]}", f"two{values[1]}"]
    page.tab.locator(".panel").nth(1).focus()
    page.tab.keyboard.press("ArrowLeft")
    assert shown(maps[1].weights[0, 0, 1, 1]) in page.text(".frame:nth-of-type(2) h2")


def test_masked_is_not_zero(visit):
    visible = np.array([[True, False], [True, True]])
    weights = np.array([[[[1.0, 0.0], [1.0, 0.0]]]])
    page = visit(make_map_of(weights, visible), "view=matrix&q=0&k=1")
    assert (page.text("#value"), page.text("#rank")) == ("masked", "Masked.")
    page.tab.locator(".panel").focus()
    page.tab.keyboard.press("ArrowDown")
    assert page.text("#value") == "0.000"
    assert page.text("#rank") == "rank 2 of 2 in this row"
    assert page.text("#legend .mark") == "masked"
    low, right = (size - edge - 40 for size, edge in zip(pixels(page).shape, (2, 4), strict=False))
    corner = slice(low - 30, low - 8), slice(right - 30, right - 8)
    zero = ColorScale.of(weights).rgb(np.array(0.0))
    page.tab.mouse.move(0, 0)
    drawn = pixels(page)[..., :3]
    assert (drawn[corner] == zero).all()
    masked = drawn[low - 110 : low - 88, right - 30 : right - 8]
    assert not (masked == zero).all(-1).any()
    assert len(np.unique(masked.reshape(-1, 3), axis=0)) > 1  # hatched


def pixels(page):
    """The pixels of the matrix canvas.    -> [row, column, 4]"""
    height, width, text = page.tab.evaluate(
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
    return np.frombuffer(b64decode(text), np.uint8).reshape(height, width, 4)


def make_map_of(weights, visible=None, **more):
    n_query, n_key = weights.shape[-2:]
    amap = make_map([f"q{i}" for i in range(n_query)], [f"k{i}" for i in range(n_key)])
    return AttentionMap(amap.queries, amap.keys, weights, visible, **more)


def test_weight_on_no_key_and_row_sums_are_shown(visit):
    weights = np.array([[[[0.25, 0.5], [0.0, 0.125]]]])
    page = visit(make_map_of(weights, meta={"row_sum": "at most 1"}), "view=matrix&q=1")
    assert "on no key ∅ 0.875" in page.text("#side")
    page = visit(make_map_of(weights * -3, meta={"row_sum": "any"}), "view=matrix&q=0")
    assert "row sum Σ −2.250" in page.text("#side")
    assert page.text("#ticks").split() == ["−1.500", "0", "1.500"]


def test_omitted_tokens_and_renormalization_are_noted_and_right(visit):
    amap = rich()
    page = visit(amap, "view=matrix&q=4&k=2&special=false")
    assert "Omitted: 1 query and 1 key." in page.text("#notes")
    assert "Rows are not renormalized" in page.text("#notes")
    assert f"row sum Σ {shown(amap.weights[0, 0, 4, 1:].sum())}" in page.text("#side")
    page.tab.locator("summary").first.click()
    page.tab.get_by_label("renormalize").check()
    browsers.expect(page.tab.locator("#notes")).to_contain_text("Rows are renormalized")
    row = amap.weights[0, 0, 4]
    assert page.text("#value") == shown(row[2] / row[1:].sum())
    assert "special=false&renormalise=true" in page.tab.url


def test_pieces_of_words_are_merged(visit):
    amap = rich()
    page = visit(amap, "view=matrix&q=2&k=1&words=true")
    row = amap.weights[0, 0, 2:4].mean(0)  # the mean of its pieces, as queries
    assert page.text("#pair") == "bc → a"
    assert page.text("#value") == shown(row[1])
    page.tab.locator(".panel").focus()
    page.tab.keyboard.press("ArrowRight")
    assert page.text("#value") == shown(row[2:4].sum())  # the sum of its pieces, as keys
    assert "Word pieces merged: summed over keys, averaged" in page.text("#notes")


def test_weak_weights_can_be_hidden(visit):
    amap = rich()
    page = visit(amap, "view=lines&top=1")
    assert page.tab.locator(".links path").count() == 5
    page = visit(amap, "view=lines&threshold=0.3")
    assert page.tab.locator(".links path").count() == (amap.weights[0, 0] >= 0.3).sum()
    assert "weights below 0.3" in page.text("#notes")


def test_controls_write_the_state_and_follow_it(visit):
    page = visit(rich(), "view=matrix")
    page.tab.get_by_label("next layer").click()
    page.tab.get_by_label("next layer").click()  # there is no next layer
    browsers.expect(page.tab.locator("#caption")).to_have_text("layer 7, head 1")
    page.tab.get_by_label("head", exact=True).select_option("head 4")
    page.tab.locator("summary").first.click()
    page.tab.get_by_label("palette").first.select_option("magma")
    top = page.tab.get_by_label("top keys per query")
    for text in ("2", "99"):  # above the maximum: ignored
        top.fill(text)
    page.tab.locator("[name=threshold]").fill("50")
    # half the way of the slider is an eighth of the largest weight, which is 1
    browsers.expect(page.tab.locator("output")).to_have_text("≥ 0.13")
    fragment = "view=matrix&layer=7&head=4&threshold=0.13&top=2&palette=magma"
    assert page.tab.url.partition("#")[2] == fragment
    page.tab.evaluate("location.hash = 'view=matrix'")
    browsers.expect(page.tab.locator("output")).to_have_text("all")
    assert page.tab.locator("[name=threshold]").input_value() == "0"
    assert page.tab.locator("[name=palette]").input_value() == "viridis"


def test_the_table_has_the_same_weights(visit):
    amap = rich()
    page = visit(amap, "view=matrix&table=true&layer=7&head=4")
    rows = [row.split("\t") for row in page.text("table").splitlines()[1:]]
    rows = [row for row in rows if len(row) == 6]
    assert rows[0][1:] == ["<s>", *"abcd"]
    for q, row in enumerate(rows[1:]):
        masked = ["masked"] * (4 - q)
        assert row[1:] == [shown(w) for w in amap.weights[1, 1, q, : q + 1]] + masked


def test_an_address_that_makes_no_sense_is_not_followed(visit):
    page = visit(rich(), "view=x&layer=99&head=-1&q=1e9&k=&palette=no&map=7&zoom=NaN&top=a")
    assert page.tab.evaluate("document.body.dataset.ready") == "overview"
    page.tab.evaluate("location.hash = 'view=matrix&layer=7&head=4&q=1'")
    page.tab.wait_for_selector("body[data-ready=matrix]")
    assert page.text("#caption") == "layer 7, head 4"


@pytest.mark.parametrize("view", VIEWS[:4])
def test_hostile_text_is_shown_and_never_run(visit, view):
    amap = make_map(HOSTILE, text="".join(HOSTILE), meta={"model": HOSTILE[8], HOSTILE[8]: "x"})
    page = visit(amap, f"view={view}&table=true", Style(captions={(0, 0): HOSTILE[8]}))
    counts = "['script', 'img', 'noscript'].map((tag) => document.querySelectorAll(tag).length)"
    assert page.tab.evaluate(counts) == [2, 0, 1]
    if view in ("lines", "text"):
        labels = page.tab.locator("#figure ol.query bdi, #figure .sentence bdi")
        assert labels.all_text_contents() == [escape_token(token) for token in HOSTILE]


def test_on_paper_it_is_light_and_without_controls(visit):
    page = visit(rich(), "view=matrix&q=0", color_scheme="dark")
    page.tab.emulate_media(media="print", color_scheme="dark")
    page.tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert not page.tab.locator("#bar").is_visible()
    background = "getComputedStyle(document.body).backgroundColor"
    assert page.tab.evaluate(background) == "rgb(253, 253, 251)"
    left = pixels(page)[:, :20]  # the labels of the rows
    assert left[left[..., 3] == 255].mean() < 200


def printed(page):
    """The number of heads in print, and the note on those that are missing."""
    page.tab.emulate_media(media="print")
    return page.tab.evaluate(
        """async () => {
          dispatchEvent(new Event('beforeprint'));
          for (let turn = 0; turn < 20; turn++) await null;  // what is due before paper is laid
          const { content } = getComputedStyle(document.querySelector('.heads'), '::after');
          return [document.querySelectorAll('.thumb.drawn').length, content];
        }"""
    )


def tall(n_layer):
    """A map of many layers, most of them outside the viewport."""
    names = ("weights", "visible", "query_vectors", "key_vectors")
    layers = {name: np.repeat(getattr(rich(), name)[:1], n_layer, axis=0) for name in names}
    return replace(rich(), **layers, layers=tuple(range(n_layer)))


def test_layers_out_of_sight_are_on_paper_too(visit):
    page = visit(tall(40), viewport={"width": 800, "height": 300})
    browsers.expect(page.tab.locator(".thumb.drawn")).to_have_count(80)
    assert printed(page) == [80, "none"]


def test_print_notes_which_heads_of_a_large_page_are_missing(visit, monkeypatch):
    no_preload = built_script().replace("1<<24", "0")
    assert no_preload != built_script()
    monkeypatch.setattr("attnviz.render.page.built_script", lambda: no_preload)
    page = visit(tall(40), viewport={"width": 800, "height": 300})
    browsers.expect(page.tab.locator(".thumb.drawn").first).to_be_visible()
    drawn, note = printed(page)
    assert 0 < drawn < 80
    assert "are not loaded yet" in note


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
    page = visit(make_map(words, n_head=1), "view=matrix")
    page.tab.evaluate(RECORD)
    page.tab.locator(".panel").focus()
    page.tab.keyboard.press("End")
    written = page.tab.evaluate("written")
    assert [text for text, turn in written if turn == angle and text in words][-n:] == words
    assert len([text for text, _ in written if text in words]) == 2 * n


def test_only_labels_that_touch_are_left_out(visit):
    words = [f"w{at}" for at in range(120)]
    page = visit(make_map(words, n_head=1), "view=matrix")
    page.tab.evaluate(RECORD)
    page.tab.locator(".panel").focus()
    page.tab.keyboard.press("ArrowDown")
    texts = {text for text, _ in page.tab.evaluate("written")}
    assert {"w0", "w1"} < texts
    assert 30 < len(texts) < 120


def test_many_lines_are_a_window_with_the_selected_query_highlighted(visit):
    n = 70
    weights = np.full((1, 1, n, n), 1 / n)
    page = visit(make_map_of(weights), "view=lines&q=60")
    strong = (
        "all => all.map((p) => Number(p.getAttribute('stroke-opacity'))).filter((o) => o > 0.5)"
    )
    paths = page.tab.locator(".links path")
    assert len(paths.evaluate_all(strong)) == n
    links = page.tab.locator(".links")
    assert links.evaluate("node => node.scrollHeight > node.clientHeight")
    browsers.expect(page.tab.locator(".links .marked")).to_be_in_viewport()
    page.tab.emulate_media(media="print")
    assert links.evaluate("node => node.scrollHeight === node.clientHeight")


def test_without_scripts_there_is_a_drawing_and_a_table(visit):
    page = visit(make_map(WORDS), ready=False, java_script_enabled=False)
    assert page.tab.locator("noscript svg").is_visible()
    assert page.tab.locator("noscript td").count() == 9
    assert not page.tab.locator("#options, #bar, main").first.is_visible()
    assert page.text("h1") == "attention"


@pytest.mark.parametrize("view", [*VIEWS[:4], "print", "no script"])
def test_untrained_weights_have_a_subtitle_in_every_view(visit, view):
    amap = make_map(WORDS, meta={"trained": False, "seed": 7})
    script = view != "no script"
    page = visit(amap, f"view={view}", ready=script, java_script_enabled=script)
    if view == "print":
        page.tab.emulate_media(media="print")
    note = page.tab.locator("h1 + p")
    assert note.is_visible()
    assert note.inner_text().startswith("untrained weights (seed 7): shows the mechanism")


def test_a_map_without_tokens_is_shown(visit):
    amap = make_map_of(np.zeros((1, 1, 0, 0)))
    page = visit(amap, "view=matrix&table=true")
    assert "could not" not in page.text("main")


WORD_PAIRS = {"queries": ("Le", "chat", "dort"), "keys": ("The", "cat", "is", "asleep")}


def crossed(n_layer=1, n_head=1):
    """Three queries and four keys with other labels; every weight is different."""
    n = n_layer * n_head * 12
    levels = 255 - 3 * (np.arange(n) * 7 % n)  # of the palette: no weight between two colors
    weights = levels.reshape(n_layer, n_head, 3, 4) / 255
    queries, keys = (tuple(map(Token.of, words)) for words in WORD_PAIRS.values())
    return AttentionMap(queries, keys, weights, meta={"row_sum": "any"})


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
    page = visit(amap, "view=dimensions&q=2&k=1")
    page.tab.locator(".bars [tabindex='0']").focus()
    page.tab.keyboard.press("ArrowRight")
    zero = shown(0.0)
    assert page.text("#live") == f"dimension 1 of query, key, product: {zero}, {zero}, {zero}"


def segments_map():
    """Two segments with other labels, on both sides."""
    tokens = tuple(
        Token(label, label, segment=segment)
        for label, segment in zip("abcde", (0, 0, 1, 1, 1), strict=True)
    )
    return replace(make_map("abcde", n_head=1), queries=tokens, keys=tokens)


def table_of(page):
    """The table of weights: its names of columns, of rows, and its cells."""
    head, *rows = [row.split("\t") for row in page.text("table").splitlines()[1:] if row]
    return head[1:], [row[0] for row in rows], [row[1:] for row in rows]


@pytest.mark.parametrize(
    ("fragment", "queries", "keys"),
    [
        ("qs=0", slice(0, 2), slice(0, 5)),
        ("ks=0", slice(0, 5), slice(0, 2)),
        ("qs=1&ks=0", slice(2, 5), slice(0, 2)),
        ("qs=0&ks=1", slice(0, 2), slice(2, 5)),
    ],
)
def test_a_segment_filter_keeps_the_tokens_of_that_segment(visit, fragment, queries, keys):
    amap = segments_map()
    page = visit(amap, f"view=matrix&table=true&{fragment}")
    columns, rows, weights = table_of(page)
    n_key = len("abcde"[keys])
    assert (rows, columns[:n_key]) == (list("abcde"[queries]), list("abcde"[keys]))
    expected = [[shown(w) for w in row] for row in amap.weights[0, 0, queries, keys]]
    assert [row[:n_key] for row in weights] == expected


def test_the_segment_controls_name_the_segments(visit):
    page = visit(segments_map(), "view=matrix&table=true")
    page.tab.locator("summary").first.click()
    page.tab.get_by_label("query segment").select_option("segment B")
    page.tab.get_by_label("key segment").select_option("segment A")
    browsers.expect(page.tab.locator("table tr")).to_have_count(4)
    columns, rows, _ = table_of(page)
    assert (rows, columns[:2]) == (list("cde"), list("ab"))
    assert page.tab.url.endswith("table=true") and "qs=1&ks=0" in page.tab.url


ENDS = """all => all.map((path) => {
  const [start, end] = [0, path.getTotalLength()].map((at) =>
    path.getPointAtLength(at).matrixTransform(path.getScreenCTM()));
  return [start.x, start.y, end.x, end.y];
})"""


def test_lines_run_from_their_query_at_the_left_to_their_key_at_the_right(visit):
    weights = np.zeros((1, 1, 3, 4))
    pairs = {(0, 2), (1, 0), (2, 3)}
    for pair in pairs:
        weights[0, 0][pair] = 1.0
    page = visit(replace(crossed(), weights=weights), "view=lines")
    ends = page.tab.locator(".links path").evaluate_all(ENDS)
    assert len(ends) == len(pairs)
    middles = {
        side: [
            (box := item.bounding_box())["y"] + box["height"] / 2
            for item in page.tab.locator(f".links .{side} li").all()
        ]
        for side in ("query", "key")
    }
    assert [len(middle) for middle in middles.values()] == [3, 4]
    linked = set()
    for left, start, right, end in ends:
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
    browsers.expect(page.tab.locator("#pair")).to_have_text("dort → asleep")
    page.tab.locator(".links .query button").nth(1).click()
    browsers.expect(page.tab.locator("#pair")).to_have_text("chat → asleep")
    assert page.text("#value") == shown(crossed().weights[0, 0, 1, 3])
    assert page.tab.url.endswith("q=1&k=3")


RECORD_POSITIONS = """() => {
  const pen = CanvasRenderingContext2D.prototype;
  const { fillText } = pen;
  window.written = {};
  pen.fillText = function (text, ...rest) {
    const { e, f } = this.getTransform();
    written[text] = [e, f];
    fillText.call(this, text, ...rest);
  };
}"""


def test_labels_of_a_heatmap_are_beside_the_cells_of_their_tokens(visit):
    amap = crossed()
    page = visit(amap, "view=matrix")
    page.tab.evaluate(RECORD_POSITIONS)
    page.tab.locator(".panel").focus()
    page.tab.keyboard.press("ArrowDown")
    written = page.tab.evaluate("written")
    drawn = pixels(page)[..., :3]
    colors = ColorScale.of(amap.weights).rgb(amap.weights[0, 0])
    first = [(drawn == rgb).all(-1) for rgb in (colors[0, 0], colors[1, 1])]
    (y0, x0), (y1, x1) = (np.argwhere(cell).mean(0) for cell in first)
    for i, query in enumerate(WORD_PAIRS["queries"]):
        x, y = written[query]
        assert y == pytest.approx(y0 + i * (y1 - y0), abs=3)
        assert x < x0
    for i, key in enumerate(WORD_PAIRS["keys"]):
        x, y = written[key]
        assert x == pytest.approx(x0 + i * (x1 - x0), abs=3)
        assert y < y0


@pytest.mark.parametrize(("q", "k"), [(2, 0), (0, 3), (1, 2)])
def test_a_click_on_a_cell_selects_its_query_and_its_key(visit, q, k):
    """First query at the top, first key at the left."""
    amap = crossed()
    page = visit(amap, "view=matrix&q=1&k=1")
    colors = ColorScale.of(amap.weights).rgb(amap.weights[0, 0])
    drawn = pixels(page)[..., :3]
    y, x = np.argwhere((drawn == colors[q, k]).all(-1)).mean(0)
    page.tab.locator("#figure canvas").click(position={"x": float(x), "y": float(y)})
    page.tab.mouse.move(0, 0)  # what remains is the selection, not the cell under the pointer
    pair = f"{WORD_PAIRS['queries'][q]} → {WORD_PAIRS['keys'][k]}"
    browsers.expect(page.tab.locator("#pair")).to_have_text(pair)
    assert page.text("#value") == shown(amap.weights[0, 0, q, k])


def test_a_click_on_a_top_key_selects_it_for_the_same_query(visit):
    amap = crossed()
    page = visit(amap, "view=matrix&q=2&k=0")
    second = np.argsort(-amap.weights[0, 0, 2])[1]
    page.tab.locator("#strongest button").nth(1).click()
    browsers.expect(page.tab.locator("#pair")).to_have_text(f"dort → {WORD_PAIRS['keys'][second]}")
    assert page.text("#rank").startswith("rank 2 of 4")


def test_the_table_names_queries_by_row_and_keys_by_column(visit):
    amap = crossed()
    page = visit(amap, "view=matrix&table=true")
    columns, rows, weights = table_of(page)
    assert (tuple(rows), tuple(columns[:4])) == tuple(WORD_PAIRS.values())
    assert page.text("table th") == "query \\ key"
    assert page.text("caption") == "Rows: queries. Columns: keys."
    assert [row[:4] for row in weights] == [[shown(w) for w in row] for row in amap.weights[0, 0]]
    assert columns[4] == "Σ row sum"
    assert [row[4] for row in weights] == [shown(w) for w in amap.weights[0, 0].sum(-1)]


def test_the_table_of_a_large_head_lists_the_keys_of_the_selected_query(visit):
    queries, keys = [f"q{i}" for i in range(51)], [f"k{i}" for i in range(50)]
    amap = make_map(queries, keys, n_head=1)
    page = visit(amap, "view=matrix&table=true&q=7")
    columns, names, cells = table_of(page)
    assert page.text("caption") == "Weights of query q7, largest first."
    assert columns == ["column", "weight"] and page.text("table th") == "key"
    order = np.argsort(-amap.weights[0, 0, 7], kind="stable")
    assert names == [f"k{k}" for k in order]
    assert cells == [[str(k), shown(amap.weights[0, 0, 7, k])] for k in order]


@pytest.mark.parametrize(("layer", "head"), [(0, 0), (0, 2), (1, 0), (1, 1)])
def test_a_click_on_a_thumbnail_opens_the_head_that_it_shows(visit, layer, head):
    amap = replace(crossed(2, 3), layers=(3, 7), heads=(1, 4, 6))
    page = visit(amap, "q=1&k=2")
    browsers.expect(page.tab.locator(".thumb.drawn")).to_have_count(6)
    boxes = [thumb.bounding_box() for thumb in page.tab.locator(".thumb").all()]
    tops, lefts = (sorted({round(box[side]) for box in boxes}) for side in "yx")
    assert (len(tops), len(lefts)) == (2, 3)  # layers down, heads across
    (box,) = [b for b in boxes if (round(b["y"]), round(b["x"])) == (tops[layer], lefts[head])]
    clip = {"x": box["x"], "y": box["y"], "width": box["width"], "height": box["height"]}
    thumbnail = decode(page.tab.screenshot(clip=clip))
    colors = ColorScale.of(amap.weights).rgb(amap.weights)
    shown_colors = [
        [bool((thumbnail == rgb).all(-1).any()) for rgb in one.reshape(-1, 3)]
        for one in colors.reshape(6, 3, 4, 3)
    ]
    assert [all(matches) for matches in shown_colors].index(True) == 3 * layer + head
    page.tab.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.tab.wait_for_selector("body[data-ready=matrix]")
    assert page.text("#caption") == f"layer {amap.layers[layer]}, head {amap.heads[head]}"
    assert page.text("#value") == shown(amap.weights[layer, head, 1, 2])


def decode(png):
    """A PNG image.    -> [row, column, 3], 0 to 255"""
    return np.rint(imread(BytesIO(png))[..., :3] * 255).astype(int)


def test_an_error_in_a_page_is_noticed(browser, tmp_path):
    path = tmp_path / "broken.html"
    path.write_bytes(html(make_map(), Style()).replace(b'"maps":[', b'"maps":[0,'))
    page = browsers.Visit(browser, path)
    page.go(ready=False)
    assert page.complaints
    page.context.close()


def sink_map():
    """Rows with an attention sink on a special token, 0.96, and a spread over 60 other keys."""
    rng = np.random.default_rng(2)
    rest = rng.dirichlet(np.full(60, 0.3), size=(1, 1, 4)) * 0.04
    rest[0, 0, 3] = [0.04] + [0.0] * 59
    weights = np.concatenate([np.full((1, 1, 4, 1), 0.96), rest], axis=-1)
    keys = (Token("[CLS]", "[CLS]", special=True), *(Token.of(f"k{i}") for i in range(60)))
    return AttentionMap(tuple(Token.of(f"q{i}") for i in range(4)), keys, weights)


def test_weights_beside_a_sink_are_right_in_8_bits(visit, monkeypatch):
    monkeypatch.setattr("attnviz.render.page.quantize.MAX_16_BIT_VALUES", 100)
    amap = sink_map()
    key = int(amap.weights[0, 0, 1, 1:].argmax()) + 1
    share = amap.weights[0, 0, 1, key] / amap.weights[0, 0, 1, 1:].sum()
    page = visit(amap, f"view=matrix&q=1&k={key}")
    assert abs(float(page.text("#value")) - amap.weights[0, 0, 1, key]) <= 0.002
    page.go(f"view=matrix&q=1&k={key}&special=false&renormalise=true")
    assert abs(float(page.text("#value")) - share) < 0.05
    page.go(f"view=matrix&q=1&k={key}&special=false")
    assert "row sum Σ 0.04" in page.text("#rank")


def test_weights_below_the_precision_are_bounded_tied_and_not_renormalized(visit, monkeypatch):
    monkeypatch.setattr("attnviz.render.page.quantize.MAX_16_BIT_VALUES", 100)
    amap = sink_map()
    weights = np.full(amap.weights.shape, 3e-6)
    weights[..., 0] = 1 - 60 * 3e-6
    page = visit(replace(amap, weights=weights), "view=matrix&q=1&k=5")
    assert page.text("#value") == "< 3.9e−6"
    assert page.text("#rank") == "rank 2 of 61 in this row, tied"
    page.go("view=matrix&q=1&k=5&special=false&renormalise=true")
    assert page.text("#value") == "< 3.9e−6"
    assert "Not renormalized: 4 rows" in page.text("body")


def test_signed_rows_whose_magnitudes_sum_to_1_have_no_remainder(visit):
    weights = np.array([[[[0.75, -0.25], [-0.5, -0.5]]]])
    page = visit(
        replace(
            make_map("ab", n_head=1),
            weights=weights,
            meta={"row_sum": "at most 1", "signed": True},
        )
    )
    assert "∅" not in page.text("body")
    part = replace(
        make_map("ab", n_head=1),
        weights=weights / 2,
        meta={"row_sum": "at most 1", "signed": True},
    )
    page = visit(part, "view=matrix&q=0&k=0")
    assert "on no key ∅ 0.500" in page.text("#rank")
