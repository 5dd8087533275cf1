"""Maps in notebooks: the page in a frame of its own, a picture, and plain text.

The frame keeps the page's script and styles to itself and gives it no rights; sites that strip
frames show the picture. Nothing of a notebook is imported, and nothing is asked of a kernel or
of a network.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Collection
from html import escape
from typing import Any

from attnviz.core.attention_map import AttentionMap
from attnviz.errors import AttnvizError

HIGH = "44rem"
KINDS = {"text/html": "html", "image/png": "png", "text/plain": "table"}  # formats by name


def install() -> None:
    """From now on, a map that ends a notebook's cell shows itself."""
    AttentionMap.shows = mimebundle


def mimebundle(
    amap: AttentionMap,
    include: Collection[str] | None = None,
    exclude: Collection[str] | None = None,
) -> dict[str, str]:
    """What a notebook may choose from, by kind.

    A kind that cannot be made, such as a picture that would be too large, is left out.
    """
    wanted = [
        kind
        for kind in KINDS
        if (include is None or kind in include) and kind not in (exclude or ())
    ]
    made = {}
    for kind in wanted:
        try:
            made[kind] = shown(amap, kind)
        except AttnvizError:
            continue
    return made


def shown(amap: AttentionMap, kind: str) -> str:
    """The map as one kind of text that notebooks understand."""
    from attnviz.render.formats import find_format

    made: Any = find_format(KINDS[kind]).render(amap)
    if kind == "text/html":
        return frame(made.decode("utf-8"))
    return b64encode(made).decode("ascii") if kind == "image/png" else str(made)


def frame(page: str) -> str:
    """The page inside another page, without any right but to run its own script."""
    return (
        f'<iframe title="attention" sandbox="allow-scripts" width="100%" '
        f'style="height: {HIGH}; border: 0" srcdoc="{escape(page)}"></iframe>'
    )
