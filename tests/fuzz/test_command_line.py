"""Fuzzing: any command line ends with a status and few lines, and loses nothing."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest

from attnviz.cli.app import COMMANDS
from tests.cli.runner import Run
from tests.fuzz import command_cases
from tests.fuzz.command_cases import faults_of, faults_on_disk
from tests.fuzz.command_words import NOT_TRIED, command_params, option_value
from tests.fuzz.loop import SOAK
from tests.sources.limited_process import run_limited

N_SHORT = 40
CODE = "import sys; from tests.fuzz.command_cases import main; main(int(sys.argv[1]))"


def test_any_command_line_ends_with_a_status_and_a_message():
    done = run_limited(CODE, str(N_SHORT), memory=4 << 30, seconds=60 + int(2 * SOAK))
    lines = done.stdout.splitlines()
    assert done.returncode == 0, (lines[-1:], done.stderr[-500:])
    assert [line for line in lines if line.startswith("fault")] == []
    statuses = json.loads(lines[-1])
    assert min(statuses["0"], statuses["2"]) > N_SHORT / 10, statuses


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_tried(command):
    options = [p for p in command_params(command) if p.param_type_name == "option"]
    for param in options:
        if not param.is_flag:
            assert not set(param.opts) & set(NOT_TRIED)
            values = {option_value(param, Random(number)) for number in range(99)}
            assert len(values) > 5, param.name


@pytest.mark.parametrize(
    ("status", "err", "fault"),
    [
        (0, "", None),
        (2, "error: no\n", None),
        (7, "error: no\n", "status 7"),
        (1, "", "no message"),
        (1, "error: unexpected KeyError: 'a'\n", "an unexpected error"),
        (1, "Traceback (most recent call last):\n", "an unexpected error"),
        (1, "error: \x1b[31m\n", "an unprintable message"),
        (1, "line\n" * 20, "a long message"),
        (0, "note: overflow encountered in exp\n", "a warning of a library"),
    ],
)
def test_a_fault_is_noticed(status, err, fault):
    assert faults_of(Run(status, "", err, b"")) == [fault] * (fault is not None)


def test_faults_on_disk_are_noticed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files = command_cases.make_files()
    assert faults_on_disk(files, []) == []
    Path("s.txt").write_text("")
    Path("x.json").write_text("")
    Path("tmp1").write_text("")
    words = ["-i", "s.txt", "-o", "s.txt", "--output=x.json"]
    assert faults_on_disk(files, words) == ["s.txt has changed", "tmp1 is left over"]
    assert faults_on_disk(files, []) == [] and Path("s.txt").read_bytes() == files["s.txt"]
