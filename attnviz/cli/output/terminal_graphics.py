"""Pictures in the terminal itself, where it knows a protocol for them (the extra `images`).

The terminal is never asked what it can do: over SSH or inside a multiplexer its late answer
would land in the person's shell as garbage. What is known stands in the environment.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from attnviz.cli.environment import World
from attnviz.errors import CouldNotError, UnknownNameError
from attnviz.lookup import unknown

KINDS = {"kitty": "TGPImage", "sixel": "SixelImage"}  # and what the library calls them
WISHES = ("off", "auto", "half", *KINDS)
REMOTE = ("SSH_CONNECTION", "SSH_TTY", "TMUX", "STY")
KNOWN = {
    "kitty": ("xterm-kitty", "xterm-ghostty"),
    "sixel": ("foot", "foot-extra", "mlterm", "yaft-256color"),
}


def protocol(world: World, wish: str) -> str | None:
    """The protocol to draw by: "kitty", "sixel", or None for characters.

    Raises UnknownNameError for a wish that there is not.
    """
    if wish not in WISHES:
        raise UnknownNameError(unknown(wish, WISHES, "--graphics"))
    if wish in KINDS:
        return wish
    if wish != "auto" or not world.stdout_is_tty or any(map(world.environ.get, REMOTE)):
        return None
    term = world.environ.get("TERM", "")
    return next((kind for kind, terms in KNOWN.items() if term in terms), None)


def drawn(world: World, picture: bytes, kind: str) -> bytes:
    """A PNG as this protocol sends it.

    Raises CouldNotError where the extra is not installed.
    """
    with unasked() as sent:
        try:
            from textual_image import renderable
        except ImportError:
            raise CouldNotError(
                f"--graphics {kind} needs an extra: pip install 'attnviz[images]'"
            ) from None
        text = io.StringIO()
        world.console(text, colored=True).print(
            getattr(renderable, KINDS[kind])(io.BytesIO(picture))
        )
    return (sent.getvalue() + text.getvalue()).encode()


class Sent(io.StringIO):
    """Stands where the terminal is, takes what is sent, and is no terminal to be asked."""

    def isatty(self) -> bool:
        """No: nobody may ask."""
        return False


@contextmanager
def unasked() -> Iterator[Sent]:
    """While this lasts, the library finds no terminal that it could ask anything."""
    before, sent = sys.__stdout__, Sent()
    sys.__stdout__ = sent  # type: ignore[assignment, misc]
    try:
        yield sent
    finally:
        sys.__stdout__ = before  # type: ignore[misc]
