"""Shows where attention looks: tables, pictures and data from one command.

    >>> import attnviz
    >>> amap = attnviz.look("The cat sat on the mat", variant="causal")
    >>> amap.weights.shape
    (1, 1, 6, 6)

`look` runs a mechanism over a sentence, `attend` over arrays; `read` takes what others computed,
`write` puts a map into a file.
VARIANTS is the catalogue. Everything is imported when it is first used.
"""

from __future__ import annotations

from attnviz._version import __version__ as __version__

TYPE_CHECKING = False  # typing itself is not imported: --version is to answer at once
if TYPE_CHECKING:
    from typing import Any

    from attnviz.api.attend import attend
    from attnviz.api.look import look
    from attnviz.api.write import write
    from attnviz.core.attention_map import AttentionMap
    from attnviz.core.tokens import Token
    from attnviz.core.variants import VARIANTS
    from attnviz.errors import AttnvizError
    from attnviz.sources.external import read

__all__ = ["VARIANTS", "AttentionMap", "AttnvizError", "Token", "attend", "look", "read", "write"]

_HOME = {
    "look": "attnviz.api.look",
    "attend": "attnviz.api.attend",
    "read": "attnviz.sources.external",
    "write": "attnviz.api.write",
    "AttentionMap": "attnviz.core.attention_map",
    "Token": "attnviz.core.attention_map",
    "VARIANTS": "attnviz.core.variants",
    "AttnvizError": "attnviz.errors",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'attnviz' has no attribute {name!r}")
    from importlib import import_module

    found = getattr(import_module(_HOME[name]), name)
    import_module("attnviz.api.notebook").install()
    globals()[name] = found  # the function, not the module of the same name
    return found


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
