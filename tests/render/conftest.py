"""A browser, and pages opened in it."""

import pytest

from attnviz.core.attention_map import AttentionMap
from attnviz.render.style import Style
from tests.render import browser as browsers
from tests.render.pages import html, render_page


@pytest.fixture(scope="package")
def browser():
    """One browser for all tests of this folder that a worker runs."""
    with browsers.launched() as running:
        yield running


@pytest.fixture
def visit(browser, tmp_path):
    """Opens pages; afterwards each must have requested one file and logged no errors."""
    opened = []

    def open_page(maps, fragment="", style=None, ready=True, **context):
        write = html if isinstance(maps, AttentionMap) else render_page
        path = tmp_path / f"{len(opened)}.html"
        path.write_bytes(write(maps, style or Style()))
        opened.append(browsers.Visit(browser, path, **context))
        opened[-1].go(fragment, ready)
        return opened[-1]

    yield open_page
    for page in opened:
        assert page.complaints == []
        assert [url.partition("#")[0] for url in page.requests] == [page.path.as_uri()]
        page.close()
