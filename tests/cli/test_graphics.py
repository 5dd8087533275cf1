"""Pictures in the terminal: by the environment alone, and never a question to the terminal."""

import io
import sys

import pytest

from attnviz.cli.environment import World
from attnviz.cli.output.terminal_graphics import protocol, unasked
from tests.cli.runner import run

SENTENCE = "The cat sat"


def world(tty=True, **environ):
    return World(stdin=None, stdout=io.BytesIO(), stderr=None, environ=environ, stdout_is_tty=tty)


@pytest.mark.parametrize(
    ("wish", "here", "kind"),
    [
        ("off", world(TERM="xterm-kitty"), None),
        ("auto", world(TERM="xterm-kitty"), "kitty"),
        ("auto", world(TERM="foot"), "sixel"),
        ("auto", world(TERM="xterm-256color"), None),
        ("auto", world(TERM="xterm-kitty", SSH_CONNECTION="1"), None),
        ("auto", world(TERM="xterm-kitty", TMUX="/tmp/x"), None),
        ("auto", world(TERM="xterm-kitty", tty=False), None),
        ("kitty", world(tty=False), "kitty"),
        ("half", world(TERM="xterm-kitty"), None),
    ],
)
def test_what_the_environment_says(wish, here, kind):
    assert protocol(here, wish) == kind


def test_half_blocks_are_ours():
    made = run(SENTENCE, "--graphics", "half", tty=True, COLORTERM="truecolor")
    assert made.status == 0 and "▀" in made.out


@pytest.mark.parametrize(("kind", "start"), [("kitty", "\x1b_G"), ("sixel", "\x1bP")])
def test_protocols_send_the_picture(kind, start):
    made = run(SENTENCE, "--graphics", kind, tty=True)
    assert made.status == 0, made.err
    assert start in made.out


def test_nobody_asks_the_terminal():
    with unasked() as sent:
        assert sys.__stdout__ is sent and not sent.isatty()
    assert sys.__stdout__ is not sent


def test_a_wish_that_is_none():
    made = run(SENTENCE, "--graphics", "sixl")
    assert made.status == 2 and "Did you mean 'sixel'" in made.err


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "textual_image", None)
    made = run(SENTENCE, "--graphics", "kitty", tty=True)
    assert made.status == 1 and "pip install 'attnviz[images]'" in made.err
