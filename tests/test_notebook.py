"""Maps in notebooks: their representations, and that the page runs in its iframe."""

from __future__ import annotations

import subprocess
import sys
from base64 import b64decode
from html.parser import HTMLParser

import pytest

from attnviz.api.complete_style import complete_style
from attnviz.render.page import quantize
from tests.conftest import make_map
from tests.docs import README
from tests.render import browser as browsers
from tests.render.pages import html


@pytest.fixture
def amap():
    return make_map(("The", "cat"), text='a "quoted" & <b>sentence</b>')


class Frame(HTMLParser):
    """The tags that there are, and the attributes of the frame."""

    def __init__(self):
        super().__init__()
        self.tags = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "iframe":
            self.attributes = dict(attrs)


def test_the_public_import_registers_representations():
    code = "import attnviz; print(sorted(attnviz.look('a b')._repr_mimebundle_()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['image/png', 'text/html', 'text/plain']\n"


def test_no_public_function_needs_to_be_used_before():
    code = "import tests.conftest as c; print(len(c.make_map()._repr_mimebundle_()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "3\n"


def test_the_page_is_framed_without_rights(amap):
    frame = Frame()
    frame.feed(amap._repr_mimebundle_()["text/html"])
    assert frame.tags == ["iframe", "script"]
    assert frame.attributes["sandbox"] == "allow-scripts"
    assert frame.attributes["srcdoc"].encode() == html(amap, complete_style(amap, {}))


def test_image_and_text_are_alternatives(amap):
    made = amap._repr_mimebundle_()
    assert b64decode(made["image/png"]).startswith(b"\x89PNG")
    assert "The" in made["text/plain"]
    assert "\x1b" not in made["text/plain"]


def test_a_notebook_can_select_representations(amap):
    assert set(amap._repr_mimebundle_(include=["text/plain"])) == {"text/plain"}
    assert set(amap._repr_mimebundle_(exclude=["text/html"])) == {"image/png", "text/plain"}


def test_a_page_that_is_too_large_is_left_out(amap, monkeypatch):
    monkeypatch.setattr("attnviz.render.page.data_island.MAX_WEIGHTS", 1)
    assert quantize.MAX_WEIGHTS > 1
    assert set(amap._repr_mimebundle_()) == {"image/png", "text/plain"}


def test_the_page_runs_in_its_frame_with_the_height_and_the_theme_of_both(amap, tmp_path):
    path = tmp_path / "notebook.html"
    frame = amap._repr_mimebundle_(include=["text/html"])["text/html"]
    path.write_text(f'<body style="background: #111"><div>{frame}</div>')
    with browsers.launched() as browser:
        seen = browsers.Visit(browser, path, color_scheme="light")
        seen.go(ready=False)
        outer, page = seen.tab.locator("iframe"), seen.tab.frame_locator("iframe")
        page.locator("[data-view=matrix]").click()
        page.locator(".panel").focus()
        seen.tab.keyboard.press("ArrowRight")
        browsers.expect(page.locator("#pair")).to_have_text("The → cat")
        browsers.expect(outer).not_to_have_css("height", "704px")  # 44rem
        side = page.locator("#side")
        assert side.evaluate("node => node.scrollHeight <= node.clientHeight")
        ground = page.locator("body")
        browsers.expect(ground).to_have_css("background-color", "rgb(21, 23, 26)")
        seen.tab.evaluate("document.body.style.background = 'white'")
        browsers.expect(ground).to_have_css("background-color", "rgb(253, 253, 251)")
        seen.tab.set_viewport_size({"width": 500, "height": 900})  # one column, as long as it is
        browsers.expect(page.locator("#open-heads")).to_be_visible()
        body = page.locator("body")
        taller = "node => node.ownerDocument.documentElement.scrollHeight <= innerHeight + 1"
        for _ in range(100):
            if body.evaluate(taller):
                break
            seen.tab.evaluate("new Promise(requestAnimationFrame)")
        assert body.evaluate(taller)
        height = outer.bounding_box()["height"]
        seen.tab.evaluate("new Promise((r) => requestAnimationFrame(() => setTimeout(r, 50)))")
        assert outer.bounding_box()["height"] == height > 704  # it does not grow with itself
        assert seen.complaints == []
        assert len([url for url in seen.requests if url.startswith("http")]) == 0


def test_the_example_notebook_runs_and_its_maps_are_displayed(tmp_path):
    import nbclient
    import nbformat

    book = nbformat.read(README.parent / "tests/docs/example.ipynb", as_version=4)
    nbclient.NotebookClient(
        book, timeout=60, kernel_name="python3", resources={"metadata": {"path": README.parent}}
    ).execute()
    shown = [out for cell in book.cells for out in cell.get("outputs", ())]
    assert [set(out["data"]) for out in shown] == [
        {"text/plain", "text/html", "image/png"},
        {"text/plain"},
        {"text/plain", "text/html", "image/png"},
    ]
    assert shown[0]["data"]["text/html"].startswith("<iframe")
