"""HTML page: an interactive view of attention maps in one self-contained file.

The page needs no network. Python writes its data (`data_island`), a fallback for browsers
without scripts (`noscript`), the built script and the styles (`bundle`); the browser draws.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from html import escape
from itertools import chain
from string import Template
from typing import Any

from attnviz.core.attention_map import AttentionMap
from attnviz.errors import MisuseError
from attnviz.render.page.bundle import built_script, read_asset, stylesheet
from attnviz.render.page.data_island import page_data
from attnviz.render.page.json_stream import json_chunks
from attnviz.render.page.map_facts import map_name
from attnviz.render.page.noscript import noscript_html
from attnviz.render.page.split_comparison import split_maps, split_styles
from attnviz.render.provenance import untrained_note
from attnviz.render.safe_text import escape_text
from attnviz.render.style import Style


def html(amap: AttentionMap, style: Style) -> Iterator[bytes]:
    """The page of one map; the mechanisms of a comparison are shown side by side."""
    amaps = split_maps(amap)
    if len(amaps) == 1:
        return render_page(amaps, style)
    return render_page(amaps, replace(style, captions={}), split_styles(amap, style))


def render_page(
    amaps: Sequence[AttentionMap], style: Style, map_styles: Sequence[Style] = ()
) -> Iterator[bytes]:
    """One page of one or more maps, which can be compared side by side, in chunks.

    `map_styles` has what is known about the heads of each map; by default `style` has it.

    Raises, before the first chunk, MisuseError without a map, or for more weights than a page
    can hold.
    """
    if not amaps:
        raise MisuseError("a page needs at least one map, got none")
    return page_chunks(page_data(amaps, style, map_styles), amaps, style)


def page_chunks(
    data: dict[str, Any], amaps: Sequence[AttentionMap], style: Style
) -> Iterator[bytes]:
    """The page around its data, in chunks; `amaps` are its maps, or one of each origin."""
    title = data["title"]
    styles, code = stylesheet(), built_script()
    head, tail = read_asset("page.html").split("$data")
    start = Template(head).substitute(
        policy=content_security_policy(code, styles),
        title=escape(f"{title} · attnviz" if title else "attnviz"),
        heading=escape(title),
        made_by="\n".join(meta_tag(name, text) for name, text in sorted(style.made_by.items())),
        styles=styles,
        provenance=provenance_html(amaps),
        noscript=noscript_html(amaps[0], style),
    )
    end = Template(tail).substitute(script=code)
    return chain([start.encode("utf-8")], json_chunks(data), [end.encode("utf-8")])


def provenance_html(amaps: Sequence[AttentionMap]) -> str:
    """The subtitle of untrained weights, per map where the maps of a page differ in it."""
    notes = [untrained_note(amap) for amap in amaps]
    if len(set(notes)) > 1:
        notes = [note and f"{map_name(a)}: {note}" for a, note in zip(amaps, notes, strict=True)]
    lines = dict.fromkeys(escape_text(note) for note in notes if note)
    return "\n".join(f'<p class="provenance">{escape(line)}</p>' for line in lines)


def content_security_policy(code: str, styles: str) -> str:
    """Content Security Policy: this script and these styles only, no requests."""
    rules = {
        "default-src": "'none'",
        "script-src": f"'{csp_hash(code)}'",
        "style-src": f"'{csp_hash(styles)}'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{directive} {source}" for directive, source in rules.items())


def csp_hash(text: str) -> str:
    """The SHA-256 hash source by which a policy allows one inline script or style."""
    return f"sha256-{b64encode(sha256(text.encode('utf-8')).digest()).decode('ascii')}"


def meta_tag(name: str, text: str) -> str:
    """A `<meta>` element that records how the page was made (command, versions)."""
    content = escape(escape_text(text))
    return f'<meta name="attnviz:{escape(escape_text(name))}" content="{content}">'
