"""Metadata of a map: every key that attnviz writes is declared, and every declared key is used."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import get_type_hints

import pytest

import attnviz
from attnviz.core.map_metadata import MapMetadata

KEYS = frozenset(get_type_hints(MapMetadata))
PACKAGE = Path(attnviz.__file__).parent
DECLARATION = PACKAGE / "core/map_metadata.py"


def undeclared(meta: object) -> set[str]:
    """The keys of a map's metadata that MapMetadata does not declare."""
    assert isinstance(meta, dict) or hasattr(meta, "keys")
    return set(meta) - KEYS


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"variant": "alibi", "mask": "causal", "heads": 2, "pad": 2, "layers": 2},
        {"variant": "cross", "context": "a dog"},
        {"pool": 2},
        {"softcap": 3.0, "tunables": {"heads": 2}},
    ],
)
def test_seeded_maps_have_declared_keys_only(options: dict[str, object]) -> None:
    amap = attnviz.look("The cat sat on the mat", **options)
    assert amap.meta
    assert not undeclared(amap.meta)


def test_derived_maps_have_declared_keys_only() -> None:
    amap, other = attnviz.look("The cat sat"), attnviz.look("The cat sat", seed=1)
    derived = [
        attnviz.compare("The cat sat", variants=["dot", "hard"]),
        attnviz.diff(amap, other).amap,
        attnviz.explain("The cat sat"),
    ]
    assert [undeclared(result.meta) for result in derived] == [set()] * 3


def test_an_undeclared_key_is_found() -> None:
    assert undeclared({"variant": "dot", "varient": "dot"}) == {"varient"}


def test_every_declared_key_is_written_or_read_elsewhere() -> None:
    strings = {
        node.value
        for path in PACKAGE.rglob("*.py")
        if path != DECLARATION
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    library_versions = {"attnviz", "numpy"}
    assert not KEYS - strings - library_versions
