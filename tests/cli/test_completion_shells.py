"""Shell completion in a real zsh and a real fish: commands, options, values, files."""

import os
import pty
import select
import shutil
import subprocess
import sys

import pytest

from tests.docs import README

CASES = [  # what is typed before TAB; what the line is then
    ("attnviz hea", "attnviz heads"),
    ("attnviz text --normali", "attnviz text --normalize"),
    ("attnviz show text --view ov", "attnviz show text --view overview"),
    ("attnviz show text --output some_f", "attnviz show text --output some_file.txt"),
]
# A widget reports the line after TAB to a pipe, so that no screen has to be read.
ZSH = """PROMPT=; autoload -Uz compinit; compinit -u -D; source {script}
report() {{ print -r -- "$BUFFER" >&{pipe}; BUFFER= }}; zle -N report; bindkey '^X' report
print -r -- ready >&{pipe}
"""
PATIENCE = 30  # seconds


def installed(shell):
    missing = shutil.which(shell) is None
    return pytest.mark.skipif(missing, reason=f"needs {shell}: apt-get install {shell}")


@pytest.fixture
def shell_files(tmp_path, monkeypatch):
    """A folder with a file to complete; a function that writes the script of a shell there."""
    program = tmp_path / "bin" / "attnviz"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m attnviz "$@"\n')
    program.chmod(0o755)
    (tmp_path / "some_file.txt").touch()
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(README.parent))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.chdir(tmp_path)

    def script(shell):
        env = {**os.environ, "_ATTNVIZ_COMPLETE": f"source_{shell}"}
        source = subprocess.run(["attnviz"], env=env, capture_output=True, text=True, check=True)
        path = tmp_path / f"_attnviz.{shell}"
        path.write_text(source.stdout)
        return path

    return script


class Zsh:
    """An interactive zsh behind a pseudo-terminal."""

    def __init__(self, script):
        self.terminal, inner = pty.openpty()
        self.pipe, report = os.pipe()
        self.process = subprocess.Popen(
            ["zsh", "-f", "-i"],
            stdin=inner,
            stdout=inner,
            stderr=inner,
            pass_fds=[report],
            start_new_session=True,
        )
        os.close(inner)
        os.write(self.terminal, ZSH.format(script=script, pipe=report).encode())
        os.close(report)
        assert self.reported() == "ready"

    def reported(self):
        """The next line that the widget reports; what zsh draws meanwhile is dropped."""
        line = b""
        while not line.endswith(b"\n"):
            ready = select.select([self.terminal, self.pipe], [], [], PATIENCE)[0]
            assert ready, f"zsh says nothing after {line!r}"
            if self.terminal in ready:
                os.read(self.terminal, 1 << 16)
            if self.pipe in ready:
                line += os.read(self.pipe, 1 << 16)
        return line.decode().rstrip()

    def complete(self, typed):
        """The line after TAB."""
        os.write(self.terminal, f"{typed}\t\x18".encode())
        return self.reported()

    def close(self):
        """End the shell that this test started."""
        self.process.kill()
        self.process.wait()
        os.close(self.terminal)
        os.close(self.pipe)


@installed("zsh")
def test_zsh_completes(shell_files):
    zsh = Zsh(shell_files("zsh"))
    try:
        assert [zsh.complete(typed) for typed, _ in CASES] == [line for _, line in CASES]
    finally:
        zsh.close()


@installed("fish")
def test_fish_completes(shell_files):
    script = shell_files("fish")
    code = f"source {script}; for line in $argv; complete -C $line; echo; end"
    words = [typed for typed, _ in CASES]
    done = subprocess.run(
        ["fish", "--no-config", "-c", code, *words], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    offered = [part.split("\t")[0] for part in done.stdout.strip().split("\n\n")]
    assert offered == [line.rpartition(" ")[2] for _, line in CASES]
