"""Run mutants: python -m tests.mutants [PATTERN…]    (make mutants NAMES="n0* pooled-*")

Each mutant is applied to a copy of the tree, in which its tests run: they should fail. Two run at
a time. The status is 1 where a known fault survives, or more than 3 % of all; 2 where the tests
fail without a mutant, or a pattern matches none.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatch
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

from tests.mutants.table import ROOT, Mutant, faults, read_mutants

N_JOB = 2
TIMEOUT = 180  # seconds; a mutant that runs for longer is noticed
MAX_SURVIVORS = 0.03  # of all mutants
COPIED = ("attnviz", "tests", "sample_inputs", "pyproject.toml", "README.md", "CHANGELOG.md")
LEFT_OUT = shutil.ignore_patterns("node_modules", ".*cache", ".hypothesis")
PACKAGES = "attnviz/render/page/script/node_modules"


class Outcome(NamedTuple):
    """How a mutant ended: the last line of its tests, and their seconds."""

    mutant: Mutant
    is_killed: bool
    seconds: float
    last_line: str


def copy_tree(folder: Path) -> Path:
    """A copy of the tree, without its environment; packages of Node are a link."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=LEFT_OUT)
        elif source.is_file():
            shutil.copy2(source, folder / name)
    if (ROOT / PACKAGES).is_dir():
        (folder / PACKAGES).symlink_to((ROOT / PACKAGES).resolve())
    return folder


def run_tests(tree: Path, tests: Iterable[str], timeout: int = TIMEOUT) -> tuple[bool, str]:
    """Whether all these tests pass in a tree in time, and the last line that they print."""
    tests = list(tests)
    scripts = [test for test in tests if test.endswith(".js")]
    commands = [["node", "--test", *scripts]] if scripts else []
    if len(scripts) < len(tests):
        python = [
            sys.executable,
            "-m",
            "pytest",
            "-x",
            "-q",
            "-p",
            "no:cacheprovider",
            "--tb=line",
        ]
        commands.append([*python, *(test for test in tests if test not in scripts)])
    environ = {**os.environ, "PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1"}
    last_line = ""
    for command in commands:
        try:
            done = subprocess.run(
                command,
                cwd=tree,
                env=environ,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False, f"no end after {timeout} s"
        lines = [line for line in done.stdout.splitlines() if line.strip()] or ["no output"]
        last_line = lines[-1]
        if done.returncode:
            return False, last_line
    return True, last_line


def run_mutant(mutant: Mutant, tree: Path) -> Outcome:
    """Apply a mutant to a tree, run its tests, and restore the file."""
    path, start = tree / mutant.file, time.monotonic()
    text = path.read_text("utf-8")
    try:
        write_source(path, mutant.patch(text))
        passes, last_line = run_tests(tree, mutant.tests)
    finally:
        write_source(path, text)
    return Outcome(mutant, not passes, time.monotonic() - start, last_line)


def write_source(path: Path, text: str) -> None:
    """Write a source; Python's compiled one of the same second and size would be used instead."""
    path.write_text(text, "utf-8")
    if path.suffix == ".py":
        Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)


def select(mutants: list[Mutant], patterns: list[str]) -> list[Mutant]:
    """The mutants whose names match one of these patterns; all without any."""
    return [
        mutant
        for mutant in mutants
        if not patterns or any(fnmatch(mutant.name, pattern) for pattern in patterns)
    ]


def report(outcome: Outcome) -> None:
    """Print one line."""
    mutant = outcome.mutant
    how = "killed" if outcome.is_killed else "equivalent" if mutant.equivalent else "SURVIVED"
    print(f"{how:<10} {outcome.seconds:>5.1f} s  {mutant.name}", flush=True)
    if not outcome.is_killed:
        print(f"{'':<20}{mutant.equivalent or mutant.wrong} ({outcome.last_line})", flush=True)


def run_all(mutants: list[Mutant], folder: Path) -> list[Outcome] | None:
    """The outcome of each mutant; None where its tests fail in the tree as it is."""
    trees: SimpleQueue[Path] = SimpleQueue()
    for number in range(min(N_JOB, len(mutants))):
        trees.put(copy_tree(folder / str(number)))
    tree = trees.get()
    tests = dict.fromkeys(test for mutant in mutants for test in mutant.tests)
    passes, last_line = run_tests(tree, tests, TIMEOUT * len(tests))
    trees.put(tree)
    print(f"without a mutant: {last_line}", flush=True)
    if not passes:
        return None

    def run_in_turn(mutant: Mutant) -> Outcome:
        tree = trees.get()
        try:
            outcome = run_mutant(mutant, tree)
        finally:
            trees.put(tree)
        report(outcome)
        return outcome

    with ThreadPoolExecutor(N_JOB) as pool:
        return list(pool.map(run_in_turn, mutants))


def main(patterns: list[str]) -> int:
    """Run the selected mutants and print a summary; returns the status."""
    table = read_mutants()
    if invalid := faults(table):
        print("\n".join(invalid))
        return 2
    mutants = select(table, patterns)
    if not mutants:
        print(f"no mutant is called {' or '.join(patterns)}")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        outcomes = run_all(mutants, Path(folder))
    if outcomes is None:
        return 2
    survivors = [o.mutant for o in outcomes if not o.is_killed and not o.mutant.equivalent]
    known = [mutant for mutant in mutants if mutant.is_known_fault]
    known_left = [mutant.name for mutant in survivors if mutant.is_known_fault]
    n_equivalent = sum(not o.is_killed and bool(o.mutant.equivalent) for o in outcomes)
    print(
        f"{len(mutants) - len(survivors) - n_equivalent} of {len(mutants)} killed, "
        f"{len(survivors)} survived, {n_equivalent} equivalent; "
        f"of {len(known)} known faults {len(known_left)} survived"
    )
    return int(bool(known_left) or len(survivors) > MAX_SURVIVORS * len(mutants))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
