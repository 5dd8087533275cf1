"""The built script and the styles of the page.

`script/` holds the sources of the script, ES modules that `make page` bundles with the libraries
they import into `built/page.js`. The built file is committed, so that writing a page needs no
Node.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files


def read_asset(name: str) -> str:
    """The text of a file of this folder."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


@cache
def built_script() -> str:
    """The script of the page with its libraries."""
    return read_asset("built/page.js")


@cache
def stylesheet() -> str:
    """The styles of the page."""
    return read_asset("style.css")
