"""Bundle: the JavaScript modules and styles of this folder as one script and one stylesheet.

There is no build step: each module is a file that an editor, a linter or a browser can load
directly. The bundle holds them in order of their imports, without the import and export
keywords; all share one scope, so that top-level names must be unique.
"""

from __future__ import annotations

import re
from functools import cache
from graphlib import TopologicalSorter
from importlib.resources import files

IMPORT = re.compile(r'^import \{[^}]*\} from "\./([a-z_]+\.js)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|class)\b)", re.MULTILINE)


def read_asset(name: str) -> str:
    """The text of a file of this folder."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def asset_names(extension: str) -> list[str]:
    """The files with an extension, sorted by name."""
    return sorted(f.name for f in files(__package__).iterdir() if f.name.endswith(extension))


@cache
def bundle_script() -> str:
    """All modules as one script, each after those it imports."""
    sources = {name: read_asset(name) for name in asset_names(".js")}
    imports = {name: IMPORT.findall(text) for name, text in sources.items()}
    return "\n".join(
        strip_module_syntax(sources[name]) for name in TopologicalSorter(imports).static_order()
    )


def strip_module_syntax(source: str) -> str:
    """A module without its import statements and export keywords."""
    return EXPORT.sub("", IMPORT.sub("", source)).strip() + "\n"


@cache
def bundle_stylesheet() -> str:
    """All stylesheets as one."""
    return "\n".join(read_asset(name) for name in asset_names(".css"))
