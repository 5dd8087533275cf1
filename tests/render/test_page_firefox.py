"""The page in Firefox: every view is drawn, and a click selects what it shows."""

import pytest

from attnviz.render.style import Style
from tests.render import firefox
from tests.render.page_maps import VIEWS, rich, shown
from tests.render.pages import html, render_page

READY = "return document.body.dataset.ready === '{}'"
# The number of colors on the map, to tell a picture from an empty canvas.
N_COLORS = """
  const canvas = document.querySelector('#stage canvas');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return new Set(new Uint32Array(data.buffer)).size;
"""


@pytest.fixture(scope="module")
def session():
    with firefox.launched() as running:
        yield running


def test_every_view_is_drawn(session, tmp_path):
    path = tmp_path / "page.html"
    path.write_bytes(render_page([rich(meta={"variant": name}) for name in "ab"], Style()))
    session.go(path, f"view={VIEWS[0]}")
    for view in VIEWS:
        session.run(f"location.hash = 'view={view}'; return true")
        session.wait(READY.format(view))
        session.wait(N_COLORS.replace("return new Set", "return 8 < new Set"))
        assert session.run("return document.querySelector('[role=alert]')") is None, view


def test_a_click_on_two_tokens_selects_their_pair(session, tmp_path):
    amap = rich()
    path = tmp_path / "page.html"
    path.write_bytes(html(amap, Style()))
    session.go(path, "view=matrix")
    session.wait(READY.format("matrix"))
    click = "document.querySelectorAll('.{} .token')[{}].click(); return true"
    session.run(click.format("queries", 4))
    session.run(click.format("keys", 2))
    session.wait("return document.getElementById('pair').textContent.trim() === 'd → b'")
    value = session.run("return document.getElementById('value').textContent")
    assert value == shown(amap.weights[0, 0, 4, 2])
    assert "q=4&k=2" in session.run("return location.hash")


def test_a_page_that_fails_is_noticed(session, tmp_path):
    path = tmp_path / "broken.html"
    path.write_bytes(html(rich(), Style()).replace(b'"maps":[', b'"maps":[0,'))
    session.go(path)
    session.wait("return document.querySelector('[role=alert]') !== null")
