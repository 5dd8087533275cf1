"""Files and copies that the page makes, read back: each number is that of the map."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np

from attnviz.sources.external import read
from tests.render import browser as browsers
from tests.render.page_maps import colors_on_light, crossed, decode, rich

NAMESPACE = "{http://www.w3.org/2000/svg}"


def saved(page, action):
    """The name and the bytes of the file that an action of the menu saves."""
    if page.tab.get_by_label("Save and copy").count() == 0:
        page.tab.get_by_text("Save ▾").click()
    with page.tab.expect_download() as download:
        page.tab.get_by_text(action, exact=True).click()
    page.requests[:] = [url for url in page.requests if not url.startswith("blob:")]
    return download.value.suggested_filename, download.value.path().read_bytes()


def test_a_head_as_csv_and_a_map_as_json_read_back(visit):
    amap = rich()
    page = visit(amap, "view=matrix&layer=7&head=4")
    name, data = saved(page, "Head as CSV")
    assert name == "attention-layer-7-head-4.csv"
    head, *lines = data.decode().splitlines()
    assert head == "layer,head,query,key,query_token,key_token,weight"
    rows = [line.split(",") for line in lines]
    assert {tuple(row[:2]) for row in rows} == {("7", "4")}
    weights = np.array([float(row[6]) for row in rows]).reshape(5, 5)
    assert np.abs(weights - amap.weights[1, 1]).max() < 2e-5
    assert [row[4] for row in rows[::5]] == ["<s>", *"abcd"]

    _, data = saved(page, "Map as JSON")
    back = read(data)
    assert np.abs(back.weights - amap.weights).max() < 2e-5
    assert (back.layers, back.heads, back.queries) == (amap.layers, amap.heads, amap.queries)
    assert np.array_equal(back.visible, np.broadcast_to(amap.visible, amap.weights.shape))


def show(page, view):
    """Another view of an open page."""
    page.tab.locator(f"[data-view={view}]").click()
    page.tab.wait_for_selector(f"body[data-ready={view}]")


def test_a_view_as_png_has_the_colors_of_the_weights(visit):
    amap = crossed(1, 2)
    page = visit(amap, "view=matrix")
    colors = colors_on_light(amap.weights[0, 0], amap.weights.max()).reshape(-1, 3)
    for view in ("matrix", "overview"):
        show(page, view)
        browsers.expect(page.tab.locator(".thumb.drawn")).to_have_count(2)
        _, data = saved(page, "View as PNG")
        drawn = decode(data) @ [1 << 16, 1 << 8, 1]  # one number per pixel
        for rgb in colors @ [1 << 16, 1 << 8, 1]:
            assert np.count_nonzero(drawn == rgb) > 20, view
        assert drawn[0, 0] == 0xFDFDFB


def test_a_view_as_svg_has_its_labels(visit):
    page = visit(crossed(), "view=matrix")
    for view in ("matrix", "lines"):
        show(page, view)
        _, data = saved(page, "View as SVG")
        texts = [node.text for node in ElementTree.fromstring(data).iter(f"{NAMESPACE}text")]
        assert {"Le", "chat", "dort", "The", "cat", "is", "asleep"} <= set(texts), view


def test_the_link_the_value_and_the_row_are_copied(visit, browser):
    amap = crossed()
    page = visit(amap, "view=matrix&q=1&k=2", permissions=["clipboard-read", "clipboard-write"])
    page.tab.get_by_text("Save ▾").click()
    value = f"{amap.weights[0, 0, 1, 2]:.3f}"
    for action, part in (
        ("Copy link", "#q=1&k=2"),
        ("Copy value", f"chat → is: {value}"),
        ("Copy row", f"is\t{value}"),
    ):
        page.tab.get_by_text(action, exact=True).click()
        browsers.expect(page.tab.locator(".menu output")).to_contain_text("copied")
        assert part in page.tab.evaluate("navigator.clipboard.readText()")


def test_where_the_clipboard_is_forbidden_the_text_is_shown(visit):
    page = visit(crossed(), "view=matrix&q=1&k=2")
    page.tab.evaluate("navigator.clipboard.writeText = () => Promise.reject(new Error('no')); 0")
    page.tab.get_by_text("Save ▾").click()
    page.tab.get_by_text("Copy link", exact=True).click()
    browsers.expect(page.tab.locator(".menu output")).to_contain_text("#q=1&k=2")
