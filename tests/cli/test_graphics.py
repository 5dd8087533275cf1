"""Terminal graphics: chosen by environment variables alone, without queries to the terminal."""

import io
import sys

import pytest

from attnviz.cli.environment import Environment
from attnviz.cli.output.terminal_graphics import choose_protocol, no_terminal_queries
from tests.cli.runner import run

SENTENCE = "The cat sat"


def environment(tty=True, **environ):
    return Environment(
        stdin=None, stdout=io.BytesIO(), stderr=None, environ=environ, stdout_is_tty=tty
    )


@pytest.mark.parametrize(
    ("mode", "env", "protocol"),
    [
        ("off", environment(TERM="xterm-kitty"), None),
        ("auto", environment(TERM="xterm-kitty"), "kitty"),
        ("auto", environment(TERM="foot"), "sixel"),
        ("auto", environment(TERM="xterm-256color"), None),
        ("auto", environment(TERM="xterm-kitty", SSH_CONNECTION="1"), None),
        ("auto", environment(TERM="xterm-kitty", TMUX="/tmp/x"), None),
        ("auto", environment(TERM="xterm-kitty", tty=False), None),
        ("kitty", environment(tty=False), "kitty"),
        ("half", environment(TERM="xterm-kitty"), None),
    ],
)
def test_the_environment_decides_the_protocol(mode, env, protocol):
    assert choose_protocol(env, mode) == protocol


def test_half_blocks_need_no_extra():
    made = run(SENTENCE, "--graphics", "half", tty=True, COLORTERM="truecolor")
    assert made.status == 0 and "▀" in made.out


@pytest.mark.parametrize(("kind", "start"), [("kitty", "\x1b_G"), ("sixel", "\x1bP")])
def test_protocols_send_the_picture(kind, start):
    made = run(SENTENCE, "--graphics", kind, tty=True)
    assert made.status == 0, made.err
    assert start in made.out


def test_the_terminal_is_not_queried():
    with no_terminal_queries() as sent:
        assert sys.__stdout__ is sent and not sent.isatty()
    assert sys.__stdout__ is not sent


def test_an_unknown_mode_is_refused():
    made = run(SENTENCE, "--graphics", "sixl")
    assert made.status == 2 and "Did you mean 'sixel'" in made.err


def test_a_missing_extra_is_named_with_its_install_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "textual_image", None)
    made = run(SENTENCE, "--graphics", "kitty", tty=True)
    assert made.status == 1 and "pip install 'attnviz[images]'" in made.err
