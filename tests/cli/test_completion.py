"""Shell completion: option names and values, in a real bash."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.cli.runner import run
from tests.docs import README

BASH = shutil.which("bash")
pytestmark = pytest.mark.skipif(BASH is None, reason="needs bash")

COMPLETE = """
source {script}
complete -p attnviz
COMP_WORDS=({words}); COMP_CWORD={last}
_attnviz_completion attnviz
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture(scope="module")
def completions(tmp_path_factory):
    """What bash offers for a command line that ends in the word to complete."""
    folder = tmp_path_factory.mktemp("bin")
    program = folder / "attnviz"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m attnviz "$@"\n')
    program.chmod(0o755)
    paths = {"PATH": f"{folder}:{os.environ['PATH']}", "PYTHONPATH": str(README.parent)}
    script = folder / "completion.bash"
    env = {**os.environ, **paths}
    source = subprocess.run(
        ["attnviz"],
        env={**env, "_ATTNVIZ_COMPLETE": "source_bash"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (source.returncode, source.stderr) == (0, "")
    script.write_text(source.stdout)

    def complete(*words):
        quoted = " ".join(f"'{word}'" for word in words)
        code = COMPLETE.format(script=script, words=quoted, last=len(words) - 1)
        done = subprocess.run(
            [BASH, "-c", code], env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        registered, *offered = done.stdout.splitlines()
        assert "_attnviz_completion" in registered
        return offered

    return complete


def test_commands_are_completed(completions):
    assert {"heads", "help"} & set(completions("attnviz", "he")) == {"heads"}


def test_option_names_are_completed_without_show(completions):
    offered = completions("attnviz", "text", "--norm")
    assert "--normalize" in offered


@pytest.mark.parametrize(
    ("option", "start", "expected"),
    [
        ("--variant", "multih", "multihead"),
        ("--view", "ov", "overview"),
        ("--palette", "vir", "viridis"),
        ("--format", "js", "jsonl"),
        ("--normalize", "sparse", "sparsemax"),
        ("--mask", "cau", "causal"),
    ],
)
def test_values_are_completed(completions, option, start, expected):
    offered = completions("attnviz", "show", "text", option, start)
    assert expected in offered
    assert all(name.startswith(start) for name in offered)


def test_file_names_are_completed_by_the_shell(completions):
    assert completions("attnviz", "show", "text", "--output", "READ") in ([], [""])


def test_the_script_of_every_shell_is_printed(monkeypatch):
    for shell in ("bash", "zsh", "fish"):
        monkeypatch.setenv("_ATTNVIZ_COMPLETE", f"source_{shell}")
        result = run(_ATTNVIZ_COMPLETE=f"source_{shell}")
        assert result.status == 0 and "_ATTNVIZ_COMPLETE" in result.out, shell
