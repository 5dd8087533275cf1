"""Import of reference packages (judges), and counts of the cases that they decided."""

from __future__ import annotations

import os
from collections import Counter
from importlib import import_module
from importlib.metadata import version

import pytest

PASSED, TOTAL, SKIPPED = Counter(), Counter(), Counter()


def call(package: str, pinned: str = ""):
    """Import a judge's package; the tests are skipped without it, or with another version."""
    problem = ""
    try:
        judge = import_module(package)
        if pinned and version(package) != pinned:
            problem = f"{package} {pinned} is needed, {version(package)} is here"
    except ImportError:
        problem = f"{package} is not installed (pip install --group judge)"
    if not problem:
        return judge
    SKIPPED[package] += 1
    if os.environ.get("CI"):
        raise RuntimeError(f"a judge is missing: {problem}")
    pytest.skip(problem, allow_module_level=True)


def judge_case(kind: str, name: str, wrong: float, allowed: float) -> str:
    """Count one case; returns a description of the deviation, or "". NaN is a deviation."""
    TOTAL[kind] += 1
    if wrong <= allowed:
        PASSED[kind] += 1
        return ""
    return f"{kind} {name}: off by {wrong:.3g}, allowed {allowed:.3g}"


def get_counts() -> dict[str, dict[str, int]]:
    """The counts of this process, as plain values that another process can receive."""
    return {"passed": dict(PASSED), "total": dict(TOTAL), "skipped": dict(SKIPPED)}


def add_counts(counts: dict[str, dict[str, int]]) -> None:
    """Add the counts of a test process of pytest-xdist; each of them skips a missing judge."""
    PASSED.update(counts["passed"])
    TOTAL.update(counts["total"])
    SKIPPED.update(counts["skipped"])


def summary() -> list[str]:
    """One line per kind of case, and per missing judge."""
    lines = [f"{kind}: {PASSED[kind]} passed of {n}, 0 skipped" for kind, n in TOTAL.items()]
    return lines + [f"{package}: did not judge (skipped)" for package in SKIPPED]
