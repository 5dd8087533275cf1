"""Names of modules: qualified names within the largest module that contains them."""

from __future__ import annotations

import gc
import re
from fnmatch import fnmatchcase
from typing import Any

from torch import nn

WRAPPERS = ("module.", "_orig_mod.", "_fsdp_wrapped_module.")  # of DataParallel, torch.compile …
NUMBERED = re.compile(r"(?:layers?|blocks?|stage|encoder|decoder|h|l)?_?\d+")


class ModuleNames:
    """The qualified names of the modules that a program calls.

    A module that is called by itself, as the encoder in `generate`, is named within the largest
    module that contains it. `root` is the module whose names are used first.
    """

    def __init__(self, root: Any = None) -> None:
        self.roots: list[Any] = []
        self.names: dict[int, tuple[int, str]] = {}  # id of a module: index of its root, its name
        if root is not None:
            self.add_root(root)

    def add_root(self, root: Any) -> None:
        """Name all modules below a root that have no name yet."""
        self.roots.append(root)
        for name, module in root.named_modules():
            self.names.setdefault(id(module), (len(self.roots) - 1, without_wrappers(name)))

    def of(self, module: Any) -> tuple[int, str]:
        """The index of a module's root, and its name there; the name of a root is its class."""
        if id(module) not in self.names:
            self.add_root(find_root(module))
        index, name = self.names.get(id(module), (-1, ""))
        return index, name or type(module).__name__

    def qualified(self, index: int, name: str) -> str:
        """A name that differs between roots, as in "GPT.h.0" and "GPT#2.h.0"."""
        if len(self.roots) < 2 or index < 0:
            return name
        kinds = [type(root).__name__ for root in self.roots]
        n_same = kinds[: index + 1].count(kinds[index])
        return f"{kinds[index]}{f'#{n_same}' if n_same > 1 else ''}.{name}"


def without_wrappers(name: str) -> str:
    """A name without the parts that wrappers of modules add."""
    for wrapper in WRAPPERS:
        name = name.replace(wrapper, "")
    return name


def find_root(module: Any) -> Any:
    """The largest living module that contains a module; the module itself if none does."""
    parents: dict[int, list[Any]] = {}
    classes = subclasses(nn.Module)
    for candidate in [instance for instance in gc.get_objects() if type(instance) in classes]:
        for child in candidate.__dict__.get("_modules", {}).values():
            parents.setdefault(id(child), []).append(candidate)
    level, seen_ids, root = [module], {id(module)}, module
    while level:
        root = level[0]
        level = [p for m in level for p in parents.get(id(m), ()) if id(p) not in seen_ids]
        seen_ids.update(map(id, level))
    return root


def subclasses(kind: type) -> set[type]:
    """A class and all classes that inherit from it."""
    found = {kind}
    children: list[type] = kind.__subclasses__()
    for child in children:
        found |= subclasses(child)
    return found


def name_pattern(name: str) -> str:
    """A module name with * in place of the numbers of layers, the same for all layers.

    >>> name_pattern("encoder.layers.3.self_attn")
    'encoder.layers.*.self_attn'
    """
    return ".".join(
        re.sub(r"\d+", "*", part) if NUMBERED.fullmatch(part) else part for part in name.split(".")
    )


def matches(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether a module, or one that contains it, has one of these names; * is any text."""
    return any(fnmatchcase(name, p) or fnmatchcase(name, f"{p}.*") for p in patterns)
