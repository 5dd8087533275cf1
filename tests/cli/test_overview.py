"""Overview: one screen of help, true to the commands and options."""

import re
import shlex

import pytest

from attnviz.cli.app import COMMANDS
from attnviz.cli.overview import OVERVIEW
from tests.cli.runner import run


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",), ("help",)])
def test_it_is_one_screen(words):
    result = run(*words)
    assert (result.status, result.err, result.out) == (0, "", OVERVIEW)
    lines = OVERVIEW.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80


def test_it_names_every_command_and_ten_options_of_show():
    listed = set(re.findall(r"[a-z]+", OVERVIEW.split("Commands")[1].split("Main options")[0]))
    assert set(COMMANDS) <= listed
    options = set(re.findall(r"--[a-z]+", OVERVIEW.split("Main options")[1])) - {"--help"}
    assert len(options) >= 10
    help_of_show = run("show", "--help", width=200).out
    assert [option for option in options if option not in help_of_show] == []


def test_its_examples_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = [line for line in OVERVIEW.splitlines() if line.startswith("  attnviz ")]
    assert len(lines) == 5
    for line in lines:
        command = re.split(r"  +", line.strip())[0]
        if "./model" in command:
            continue  # needs a checkpoint; its options are checked above
        result = run(*shlex.split(command)[1:])
        assert (result.status, result.err) == (0, ""), command
    assert (tmp_path / "heads.png").stat().st_size > 1000


def test_help_of_a_command_and_lists():
    assert run("help", "heads").out == run("heads", "--help").out
    assert run("version").out == run("--version").out
    assert run("list").out == run("variants").out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("haeds", "The cat"), "no command 'haeds'; did you mean 'heads'?"),
        (("haeds", "cat"), "no command 'haeds'; did you mean 'heads'?"),
        (
            ("additive", "The cat"),
            "no command 'additive'; for this mechanism: attnviz 'The cat' --variant additive",
        ),
        (("rollout", "The cat"), "no command 'rollout'; commands: show, explain, compare"),
    ],
)
def test_a_misspelt_command_is_refused(words, message):
    result = run(*words)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith(f"error: {message}")
    assert result.err.count("\n") == 1


def test_a_sentence_of_one_word_and_options_stay_sentences():
    assert run("haeds", "--json").status == 0
    assert "did you mean the command 'heads'" in run("haeds").err
    assert "put it in quotes" in run("The", "cat").err
