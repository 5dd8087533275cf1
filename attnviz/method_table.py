"""Method table: the functions behind those methods of maps that need more than NumPy.

The map belongs to core, which imports neither measures nor renderers. The package fills the table
when it is imported, which is before any of its modules; a function is imported when its method is
called.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

METHODS: dict[str, str] = {}  # the name of a method: "module:function"


def find_method(name: str) -> Callable[..., Any]:
    """The function behind a method, whose first argument is the map."""
    from importlib import import_module

    module, function = METHODS[name].split(":")
    method: Callable[..., Any] = getattr(import_module(module), function)
    return method
