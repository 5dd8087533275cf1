"""The JSON document: everything a map knows, on one line.

`described` is what it says in words; binary formats carry the same beside their arrays.
"""

from __future__ import annotations

import json as standard
from collections.abc import Mapping
from math import isfinite
from typing import Any

import numpy as np

from attnviz.core.attention_map import AttentionMap
from attnviz.core.file_format import FORMAT, FORMAT_VERSION
from attnviz.core.tokens import Token
from attnviz.render.data.decimals import decimals
from attnviz.render.style import Style

ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}  # harmless inside a page


def json(amap: AttentionMap, style: Style) -> bytes:
    """One document on one line, ASCII, ending in LF: safe in a page, a log and JSON Lines.

    Raises NumbersError for numbers that float32 cannot hold.
    """
    said = described(amap, style)
    meta = said.pop("meta")
    hidden = amap.hidden
    said["weights"] = decimals(amap.weights, "weight", style.precision)
    said["hidden"] = None if hidden is None else hidden.astype(int).tolist()
    said["meta"] = meta
    for name in ("query_vectors", "key_vectors"):
        vectors = getattr(amap, name)
        if vectors is not None:
            said[name] = decimals(vectors, name)
    return line(said)


def described(amap: AttentionMap, style: Style) -> dict[str, Any]:
    """What is known of a map besides its arrays, in plain values."""
    made_by = {"made_by": dict(style.made_by)} if style.made_by else {}
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "text": amap.text,
        "context": amap.context,
        "queries": [told(token) for token in amap.queries],
        "keys": [told(token) for token in amap.keys],
        "layers": list(amap.layers),
        "heads": list(amap.heads),
        **({"names": list(amap.names)} if amap.names else {}),
        "meta": plain({**amap.meta, **made_by}),
    }


def told(token: Token) -> dict[str, Any]:
    """A token with all its fields, what people see first."""
    return {"label": token.label, **{name: plain(value) for name, value in vars(token).items()}}


def plain(value: Any) -> Any:
    """A value as JSON has it: NumPy's numbers become numbers, what has no form its own words."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float) and isfinite(value):
        return value
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return str(value)


def line(said: Mapping[str, Any]) -> bytes:
    """Plain values as one line of ASCII that also a page may hold."""
    text = standard.dumps(said, allow_nan=False, separators=(",", ":"))
    for character, escape in ESCAPES.items():
        text = text.replace(character, escape)
    return text.encode("ascii") + b"\n"


def schema() -> bytes:
    """The JSON Schema (2020-12) that every document keeps to."""
    from importlib.resources import files

    return files("attnviz.render.data").joinpath("document.schema.json").read_bytes()
