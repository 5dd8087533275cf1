"""Pages as bytes, and quantized arrays as the values of their JSON."""

import json

from attnviz.render import page
from attnviz.render.page.json_stream import json_chunks


def html(amap, style):
    """The page of a map."""
    return b"".join(page.html(amap, style))


def render_page(amaps, style):
    """The page of several maps."""
    return b"".join(page.render_page(amaps, style))


def stored(quantized):
    """What a page stores of a quantized array."""
    return json.loads(b"".join(json_chunks(quantized)))
