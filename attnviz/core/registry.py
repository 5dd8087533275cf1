"""Registry of parts: every class that can fill a slot of the formula, found by its name.

A slot is a folder of core: the plain parts stand in its `__init__`, the others in a file an
idea. A file with a tuple PARTS is found by lying in the folder; nothing lists it twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

from attnviz.core.part import Part
from attnviz.lookup import find

SLOTS = {  # slot of a Variant: folder with its parts
    "position": "positions",
    "score": "scores",
    "scale": "scales",
    "bias": "biases",
    "mask": "masks",
    "normalize": "normalizers",
    "heads": "heads",
    "whole": "mixers",
}


def parts_for(slot: str) -> Iterator[type[Part]]:
    """All parts of a slot, the plain ones first; each file is imported when it is reached."""
    folder = import_module(f"attnviz.core.{SLOTS[slot]}")
    yield from folder.PARTS
    for name in sorted(module.name for module in iter_modules(folder.__path__)):
        yield from import_module(f"{folder.__name__}.{name}").PARTS


def find_part(slot: str, name: str) -> type[Part]:
    """The part of this name; UnknownNameError says which one was probably meant."""
    return find(parts_for(slot), name, slot)
