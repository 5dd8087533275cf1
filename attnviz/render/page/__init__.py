"""A page to explore attention in: one file that asks for nothing, now or in ten years.

Python writes what the page knows (`island`), how it looks without scripts (`still`), and joins
the modules and styles that lie beside this file (`assets`). The browser does the drawing.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from html import escape
from string import Template

from attnviz.core.attention_map import AttentionMap
from attnviz.errors import MisuseError
from attnviz.render.data.json_document import line
from attnviz.render.page.bundle import asset, script, stylesheet
from attnviz.render.page.data_island import contents
from attnviz.render.page.noscript import still
from attnviz.render.page.split_comparison import apart
from attnviz.render.safe_text import one_line
from attnviz.render.style import Style


def html(amap: AttentionMap, style: Style) -> bytes:
    """The page of one map; a comparison is laid out side by side."""
    parts = apart(amap)
    return pages(parts, style if len(parts) == 1 else replace(style, captions={}))


def pages(amaps: Sequence[AttentionMap], style: Style) -> bytes:
    """One page of several maps, to be looked at side by side.

    Raises MisuseError when there is no map, or more than a page can hold.
    """
    if not amaps:
        raise MisuseError("a page needs at least one map; it was given none")
    known = contents(amaps, style)
    title = known["title"]
    styles, code = stylesheet(), script()
    filled = Template(asset("page.html")).substitute(
        policy=policy(code, styles),
        title=escape(f"{title} · attnviz" if title else "attnviz"),
        heading=escape(title),
        made_by="\n".join(meta(name, text) for name, text in sorted(style.made_by.items())),
        styles=styles,
        still=still(amaps[0], style),
        island=line(known).decode("ascii").rstrip("\n"),
        script=code,
    )
    return filled.encode("utf-8")


def policy(code: str, styles: str) -> str:
    """What the browser may do: run this script, use these styles, and nothing else."""
    rules = {
        "default-src": "'none'",
        "script-src": f"'{fingerprint(code)}'",
        "style-src": f"'{fingerprint(styles)}'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{what} {whence}" for what, whence in rules.items())


def fingerprint(text: str) -> str:
    """The hash by which a browser knows a script or a style again."""
    return f"sha256-{b64encode(sha256(text.encode('utf-8')).digest()).decode('ascii')}"


def meta(name: str, text: str) -> str:
    """How the page was made, for whoever opens its source."""
    shown = escape(one_line(text))
    return f'<meta name="attnviz:{escape(one_line(name))}" content="{shown}">'
