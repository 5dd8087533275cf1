"""Registry of parts: every class that can fill a slot of the formula, by name.

A slot is a folder of core. Its `__init__` holds the common parts, its other files one idea each.
Every file defines a tuple PARTS, which registers its classes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import import_module
from itertools import chain
from pkgutil import iter_modules

from attnviz.core.part import Part
from attnviz.lookup import find_by_name, names_of, normalize_name, read_source

SLOTS = {  # slot of a Variant: folder with its parts
    "position": "positions",
    "score": "scores",
    "scale": "scales",
    "bias": "biases",
    "mask": "masks",
    "normalize": "normalizers",
    "heads": "heads",
    "mixer": "mixers",
}


def parts_for(slot: str) -> Iterator[type[Part]]:
    """All parts of a slot, the common ones first; each file is imported when it is reached."""
    folder = import_module(f"attnviz.core.{SLOTS[slot]}")
    yield from folder.PARTS
    for name in sorted(module.name for module in iter_modules(folder.__path__)):
        yield from import_module(f"{folder.__name__}.{name}").PARTS


def find_part(slot: str, name: str) -> type[Part]:
    """The part with this name or alias.

    Raises UnknownNameError with the nearest names.
    """
    return find_by_name(chain(quoting_parts(slot, name), parts_for(slot)), name, slot)


def quoting_parts(slot: str, name: str) -> Iterator[type[Part]]:
    """The parts that a name can mean, from the files whose source quotes it.

    Reading the sources costs a tenth of importing them. Other spellings of a name, and files
    without a source, are left to `parts_for`.
    """
    quoted = f'"{normalize_name(name)}"'.encode(errors="replace")
    folder = import_module(f"attnviz.core.{SLOTS[slot]}")
    yield from (part for part in folder.PARTS if is_named(part, name))
    path = folder.__path__[0]
    for file_name in sorted(os.listdir(path)):  # noqa: PTH208 (pathlib takes as long as the rest)
        is_source = file_name.endswith(".py") and not file_name.startswith("_")
        if is_source and quoted in read_source(f"{path}/{file_name}"):
            parts = import_module(f"{folder.__name__}.{file_name[:-3]}").PARTS
            yield from (part for part in parts if is_named(part, name))


def is_named(part: type[Part], name: str) -> bool:
    """Whether this is the name or an alias of a part."""
    return normalize_name(name) in map(normalize_name, names_of(part))
