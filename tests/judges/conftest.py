"""Prints a summary of the comparisons."""

from __future__ import annotations

from tests.judges.court import summary


def pytest_terminal_summary(terminalreporter):
    for line in summary():
        terminalreporter.write_line(f"judge: {line}")
