"""The modules and styles beside this file, joined into one script and one stylesheet.

There is no build step: each module is a file that an editor, a checker or a browser can load as
it stands. To become one script they are put in the order in which they need each other, and
lose the lines that import what now stands above them.
"""

from __future__ import annotations

import re
from functools import cache
from graphlib import TopologicalSorter
from importlib.resources import files

IMPORT = re.compile(r'^import \{[^}]*\} from "\./([a-z_]+\.js)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|class)\b)", re.MULTILINE)


def asset(name: str) -> str:
    """The text of one file."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def names(ending: str) -> list[str]:
    """The files with this ending, in order of their names."""
    return sorted(f.name for f in files(__package__).iterdir() if f.name.endswith(ending))


@cache
def script() -> str:
    """All modules as one."""
    sources = {name: asset(name) for name in names(".js")}
    needs = {name: IMPORT.findall(text) for name, text in sources.items()}
    return "\n".join(alone(sources[name]) for name in TopologicalSorter(needs).static_order())


def alone(source: str) -> str:
    """A module without its imports and exports."""
    return EXPORT.sub("", IMPORT.sub("", source)).strip() + "\n"


@cache
def stylesheet() -> str:
    """All styles as one."""
    return "\n".join(asset(name) for name in names(".css"))
