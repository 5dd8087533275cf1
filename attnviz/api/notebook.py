"""Maps in notebooks: an HTML page in an iframe, an image, and plain text.

The iframe is sandboxed and isolates the page's script and styles; sites that remove iframes
display the image. No notebook library is imported, and no kernel or network is needed.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Collection
from html import escape
from typing import Any

from attnviz.api.complete_style import complete_style
from attnviz.core.attention_map import AttentionMap
from attnviz.errors import AttnvizError
from attnviz.render.style import Style

HEIGHT = "44rem"
KINDS = {"text/html": "html", "image/png": "png", "text/plain": "table"}  # format names


def mimebundle(
    amap: AttentionMap,
    include: Collection[str] | None = None,
    exclude: Collection[str] | None = None,
    *,
    style: Style | None = None,
) -> dict[str, str]:
    """The representations of a map by MIME type.

    One that cannot be rendered, such as an image that would be too large, is left out.
    """
    kinds = [
        kind
        for kind in KINDS
        if (include is None or kind in include) and kind not in (exclude or ())
    ]
    bundle, style = {}, style or complete_style(amap, {})
    for kind in kinds:
        try:
            bundle[kind] = render_as(amap, kind, style)
        except AttnvizError:
            continue
    return bundle


def render_as(amap: AttentionMap, kind: str, style: Style) -> str:
    """A map in one MIME type, as text."""
    from attnviz.render.formats import find_format

    content: Any = find_format(KINDS[kind]).render(amap, style)
    if kind == "text/html":
        return make_iframe(content.decode("utf-8"))
    return b64encode(content).decode("ascii") if kind == "image/png" else str(content)


def make_iframe(page: str) -> str:
    """A page in a sandboxed iframe, with no permission but to run its own script.

    The script beside it gives the frame the height that the page states, and the page the color
    scheme of the notebook; where a notebook runs no scripts, the frame keeps HEIGHT.
    """
    from attnviz.render.page.bundle import read_asset

    return (
        f'<iframe title="attention" data-attnviz sandbox="allow-scripts" width="100%" '
        f'style="height: {HEIGHT}; border: 0" srcdoc="{escape(page)}"></iframe>'
        f"<script>{read_asset('notebook_host.js')}</script>"
    )
