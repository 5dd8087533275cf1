"""Lowest versions of the dependencies, as constraints of pip: python -m tests.lowest"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parent.parent / "pyproject.toml"
LOWEST = re.compile(r"([\w-]+)>=([\d.]+)")


def lowest_versions(extras: tuple[str, ...] = ("arrow",)) -> list[str]:
    """One constraint, name==version, per dependency, also of some extras.

    Raises ValueError for a dependency without a lowest version.
    """
    project = tomllib.loads(PROJECT.read_text("utf-8"))["project"]
    stated = [*project["dependencies"]]
    for extra in extras:
        stated += project["optional-dependencies"][extra]
    matches = {dependency: LOWEST.fullmatch(dependency) for dependency in stated}
    if missing := [dependency for dependency, match in matches.items() if match is None]:
        raise ValueError(f"no lowest version: {', '.join(missing)}")
    return [f"{match[1]}=={match[2]}" for match in matches.values() if match is not None]


if __name__ == "__main__":
    print("\n".join(lowest_versions()))
