"""Maps for the tests of the page in a browser, and what is drawn of them."""

from base64 import b64decode
from io import BytesIO

import numpy as np
from matplotlib.image import imread

from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Token
from attnviz.render.colors import find_palette
from attnviz.render.page.data_island import PLAIN_PALETTE
from tests.conftest import make_map

WORDS = ("The", "cat", "sat")
VIEWS = ("matrix", "lines", "overview", "compare")
WORD_PAIRS = {"queries": ("Le", "chat", "dort"), "keys": ("The", "cat", "is", "asleep")}


def rich(**more):
    """Two layers, two heads, vectors, masked pairs, a special token and a word of two pieces."""
    rng = np.random.default_rng(3)
    visible = np.tril(np.ones((5, 5), bool))
    mass = rng.uniform(0.1, 1, (2, 2, 5, 5)) * visible
    tokens = (
        Token("<s>", "<s>", special=True),
        *(
            Token(label, label, word=word)
            for label, word in zip("abcd", (0, 1, 1, 2), strict=True)
        ),
    )
    return AttentionMap(
        tokens,
        tokens,
        mass / mass.sum(-1, keepdims=True),
        visible,
        layers=(3, 7),
        heads=(1, 4),
        query_vectors=rng.normal(size=(2, 2, 5, 3)),
        key_vectors=rng.normal(size=(2, 2, 5, 3)),
        **more,
    )


def crossed(n_layer=1, n_head=1):
    """Three queries and four keys with other labels; every weight is different."""
    n = n_layer * n_head * 12
    levels = 255 - 3 * (np.arange(n) * 7 % n)  # of the palette: no weight between two colors
    weights = levels.reshape(n_layer, n_head, 3, 4) / 255
    queries, keys = (tuple(map(Token.of, words)) for words in WORD_PAIRS.values())
    return AttentionMap(queries, keys, weights, meta={"row_sum": "any"})


def make_map_of(weights, visible=None, **more):
    n_query, n_key = weights.shape[-2:]
    amap = make_map([f"q{i}" for i in range(n_query)], [f"k{i}" for i in range(n_key)])
    return AttentionMap(amap.queries, amap.keys, weights, visible, **more)


def shown(number, digits=3):
    """A number as the page writes it."""
    return f"{number:.{digits}f}".replace("-", "−")


def colors_on_light(weights, high):
    """Colors of weights on a light ground: the palette begins pale.    [...] -> [..., 3]"""
    shares = np.clip(np.asarray(weights) / high, 0, 1)
    return find_palette(PLAIN_PALETTE).rgb[np.floor(255 * shares + 0.5).astype(int)]


def pixels(page, selector="#figure canvas"):
    """The pixels of a canvas.    -> [row, column, 4]"""
    height, width, text = page.tab.evaluate(
        """(selector) => {
          const shown = document.querySelector(selector);
          const { width, height } = shown;
          const canvas = Object.assign(document.createElement('canvas'), { width, height });
          const pen = canvas.getContext('2d', { willReadFrequently: true });
          pen.drawImage(shown, 0, 0);
          const { data } = pen.getImageData(0, 0, width, height);
          const text = Array.from(data, (byte) => String.fromCharCode(byte)).join('');
          return [height, width, btoa(text)];
        }""",
        selector,
    )
    return np.frombuffer(b64decode(text), np.uint8).reshape(height, width, 4)


def decode(png):
    """A PNG image.    -> [row, column, 3], 0 to 255"""
    return np.rint(imread(BytesIO(png))[..., :3] * 255).astype(int)


def center_of(page, rgb):
    """Where a color is on the map, in CSS pixels of its canvas.    -> (x, y)"""
    y, x = np.argwhere((pixels(page)[..., :3] == rgb).all(-1)).mean(0)
    return float(x), float(y)


# Records each text that is drawn, with its position and its angle in degrees.
RECORD_TEXTS = """() => {
  const pen = CanvasRenderingContext2D.prototype;
  const { fillText } = pen;
  window.texts = [];
  pen.fillText = function (text, x, y, ...rest) {
    const ratio = this.canvas.width / this.canvas.clientWidth;
    const { a, b, e, f } = this.getTransform();
    const at = this.getTransform().transformPoint({ x, y });
    const angle = Math.round(Math.atan2(-b, a) * 180 / Math.PI);
    texts.push([text, at.x / ratio, at.y / ratio, angle]);
    fillText.call(this, text, x, y, ...rest);
  };
}"""
