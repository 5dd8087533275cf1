"""Maps in notebooks: an HTML page in an iframe, an image, and plain text.

The iframe is sandboxed and isolates the page's script and styles; sites that remove iframes
display the image. No notebook library is imported, and no kernel or network is needed.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Collection
from html import escape
from typing import Any

from attnviz.core.arrays import FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.errors import AttnvizError

HEIGHT = "44rem"
KINDS = {"text/html": "html", "image/png": "png", "text/plain": "table"}  # format names


def install() -> None:
    """Display maps that are the result of a notebook cell, and enable the methods of maps."""
    AttentionMap.notebook_bundle = mimebundle
    AttentionMap.functions = {"reduce": reduce_map, "measure": measure_map}


def reduce_map(amap: AttentionMap, *steps: str) -> AttentionMap:
    """`attnviz.reduce`, imported when a map is reduced."""
    from attnviz.api.reduce import reduce

    return reduce(amap, *steps)


def measure_map(amap: AttentionMap, *names: str) -> dict[str, FloatArray]:
    """`attnviz.measure`, imported when a map is measured."""
    from attnviz.api.measure import measure

    return measure(amap, *names)


def mimebundle(
    amap: AttentionMap,
    include: Collection[str] | None = None,
    exclude: Collection[str] | None = None,
) -> dict[str, str]:
    """The representations of a map by MIME type.

    One that cannot be rendered, such as an image that would be too large, is left out.
    """
    kinds = [
        kind
        for kind in KINDS
        if (include is None or kind in include) and kind not in (exclude or ())
    ]
    bundle = {}
    for kind in kinds:
        try:
            bundle[kind] = render_as(amap, kind)
        except AttnvizError:
            continue
    return bundle


def render_as(amap: AttentionMap, kind: str) -> str:
    """A map in one MIME type, as text."""
    from attnviz.render.formats import find_format

    content: Any = find_format(KINDS[kind]).render(amap)
    if kind == "text/html":
        return make_iframe(content.decode("utf-8"))
    return b64encode(content).decode("ascii") if kind == "image/png" else str(content)


def make_iframe(page: str) -> str:
    """A page in a sandboxed iframe, with no permission but to run its own script."""
    return (
        f'<iframe title="attention" sandbox="allow-scripts" width="100%" '
        f'style="height: {HEIGHT}; border: 0" srcdoc="{escape(page)}"></iframe>'
    )
