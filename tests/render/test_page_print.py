"""The page on paper: light, without controls, with all heads."""

from dataclasses import replace

import numpy as np

from tests.render import browser as browsers
from tests.render.page_maps import pixels, rich


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


def test_on_paper_it_is_light_and_without_controls(visit):
    page = visit(rich(), "view=matrix&q=0", color_scheme="dark")
    page.tab.emulate_media(media="print", color_scheme="dark")
    page.tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert not page.tab.locator("#bar").is_visible()
    background = "getComputedStyle(document.body).backgroundColor"
    assert page.tab.evaluate(background) == "rgb(253, 253, 251)"
    left = pixels(page)[:, :20]  # the labels of the rows
    assert left[left[..., 3] == 255].mean() < 200


def test_layers_out_of_sight_are_on_paper_too(visit):
    page = visit(tall(40), viewport={"width": 1280, "height": 600})
    browsers.expect(page.tab.locator(".thumb.drawn")).to_have_count(80)
    assert printed(page) == [80, "none"]
    heads = page.tab.locator(".heads").bounding_box()
    last = page.tab.locator(".thumb").last.bounding_box()
    assert last["y"] + last["height"] <= heads["y"] + heads["height"]


def test_print_notes_that_heads_are_missing(visit):
    page = visit(rich())
    browsers.expect(page.tab.locator(".thumb.drawn")).to_have_count(4)
    drawn = "document.querySelector('.thumb').classList.remove('drawn')"
    page.tab.emulate_media(media="print")
    page.tab.evaluate(drawn)
    content = "getComputedStyle(document.querySelector('.heads'), '::after').content"
    assert "are not loaded yet" in page.tab.evaluate(content)
