"""The table of mutants: patches in TOML files, and what makes one valid.

A row has a `name`, a `file` below attnviz/, the text `before` (which occurs there once), the text
`after`, and what would be `wrong`. `tests` below tests/ kill it: files, or file::test; rows
without any have those of their file in the table [tests]. A mutant that changes nothing that a
test could notice states why as `equivalent`. Names n01-… to n22-… are the known faults of other
programs.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

TABLE = Path(__file__).parent
ROOT = TABLE.parent.parent
KNOWN_FAULT = re.compile(r"n\d\d-")
BLOCK_START = re.compile(r"(?:^@.*\n)*^(?:def|class) ", re.MULTILINE)
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class Mutant(NamedTuple):
    """One patch; `tests` are paths below the root of the repository."""

    name: str
    file: str
    before: str
    after: str
    wrong: str
    tests: tuple[str, ...]
    equivalent: str = ""

    @property
    def is_known_fault(self) -> bool:
        """Whether it is one of the known faults of other programs."""
        return KNOWN_FAULT.match(self.name) is not None

    def patch(self, text: str) -> str:
        """The text of the file with the fault."""
        return text.replace(self.before, self.after)


def read_mutants(folder: Path = TABLE) -> list[Mutant]:
    """The rows of all TOML files of a folder."""
    return [mutant for path in sorted(folder.glob("*.toml")) for mutant in read_file(path)]


def read_file(path: Path) -> Iterator[Mutant]:
    """The rows of one file."""
    document = tomllib.loads(path.read_text("utf-8"))
    tests_of = document.get("tests", {})
    for row in document["mutant"]:
        tests = tuple(f"tests/{test}" for test in row.pop("tests", tests_of.get(row["file"], ())))
        yield Mutant(**{**row, "file": f"attnviz/{row['file']}"}, tests=tests)


def faults(mutants: list[Mutant], root: Path = ROOT) -> list[str]:
    """What is wrong with the table, a sentence each; none for a valid one."""
    texts: dict[str, str] = {}
    found = [f"{name}: {n} rows" for name, n in count_names(mutants).items() if n > 1]
    for mutant in mutants:
        if mutant.file not in texts:
            path = root / mutant.file
            texts[mutant.file] = path.read_text("utf-8") if path.is_file() else ""
        for fault in faults_of(mutant, texts[mutant.file], root):
            found.append(f"{mutant.name}: {fault}")
    return found


def count_names(mutants: list[Mutant]) -> Counter[str]:
    """The number of rows of each name."""
    return Counter(mutant.name for mutant in mutants)


def faults_of(mutant: Mutant, text: str, root: Path) -> Iterator[str]:
    """What is wrong with one row."""
    if not NAME.fullmatch(mutant.name):
        yield "the name should be lower-case words with hyphens"
    if not mutant.wrong.strip():
        yield "it should state what would be wrong"
    if (n := text.count(mutant.before)) != 1:
        yield f"its text occurs {n} times in {mutant.file}"
    elif mutant.after == mutant.before or not is_valid(mutant, text):
        yield "the patch changes nothing, or the file is invalid afterwards"
    if not mutant.tests:
        yield "it has no tests"
    for test in mutant.tests:
        path, _, name = test.partition("::")
        source = (root / path).read_text("utf-8") if (root / path).is_file() else ""
        if not source or (name and f"def {name.split('[')[0]}(" not in source):
            yield f"there is no test {test}"


def is_valid(mutant: Mutant, text: str) -> bool:
    """Whether a patched Python file parses; other files are not checked.

    The function or class around the patch is parsed, which is faster by far than the whole file.
    """
    if not mutant.file.endswith(".py"):
        return True
    at = text.index(mutant.before)
    starts = [match.start() for match in BLOCK_START.finditer(text)]
    start = max((n for n in starts if n <= at), default=0)
    end = min((n for n in starts if n > at + len(mutant.before)), default=len(text))
    return parses(mutant.patch(text[start:end])) or parses(mutant.patch(text))


def parses(text: str) -> bool:
    """Whether a text is Python."""
    try:
        return bool(ast.parse(text).body)
    except SyntaxError:
        return False
