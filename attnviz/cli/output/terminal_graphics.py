"""Terminal graphics: images by the kitty or sixel protocol (the extra `images`).

The terminal is never queried for its features: over SSH or inside a multiplexer its late answer
would appear as typed text in the shell. The decision uses environment variables only.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from attnviz.cli.environment import Environment
from attnviz.errors import CouldNotError, UnknownNameError
from attnviz.lookup import unknown_name_message

PROTOCOLS = {"kitty": "TGPImage", "sixel": "SixelImage"}  # -> class of the library textual-image
GRAPHICS_MODES = ("off", "auto", "half", *PROTOCOLS)
REMOTE_VARIABLES = ("SSH_CONNECTION", "SSH_TTY", "TMUX", "STY")
TERMINALS = {  # values of TERM
    "kitty": ("xterm-kitty", "xterm-ghostty"),
    "sixel": ("foot", "foot-extra", "mlterm", "yaft-256color"),
}


def choose_protocol(env: Environment, mode: str) -> str | None:
    """The protocol for a value of --graphics: "kitty", "sixel", or None for characters.

    Raises UnknownNameError for an unknown mode.
    """
    if mode not in GRAPHICS_MODES:
        raise UnknownNameError(unknown_name_message(mode, GRAPHICS_MODES, "--graphics"))
    if mode in PROTOCOLS:
        return mode
    if mode != "auto" or not env.stdout_is_tty or any(map(env.environ.get, REMOTE_VARIABLES)):
        return None
    term = env.environ.get("TERM", "")
    return next((protocol for protocol, terms in TERMINALS.items() if term in terms), None)


def encode_image(env: Environment, png: bytes, protocol: str) -> bytes:
    """A PNG as escape sequences of this protocol.

    Raises CouldNotError if the extra is not installed.
    """
    with no_terminal_queries() as fake:
        try:
            from textual_image import renderable
        except ImportError:
            raise CouldNotError(
                f"--graphics {protocol} needs an extra: pip install 'attnviz[images]'"
            ) from None
        text = io.StringIO()
        image_class = getattr(renderable, PROTOCOLS[protocol])
        env.console(text, colored=True).print(image_class(io.BytesIO(png)))
    return (fake.getvalue() + text.getvalue()).encode()


class FakeStdout(io.StringIO):
    """Stands in for the terminal: collects what is written and is no terminal itself."""

    def isatty(self) -> bool:
        """False, so that the library sends no queries."""
        return False


@contextmanager
def no_terminal_queries() -> Iterator[FakeStdout]:
    """Within this context the library finds no terminal that it could query."""
    before, fake = sys.__stdout__, FakeStdout()
    sys.__stdout__ = fake  # type: ignore[assignment, misc]
    try:
        yield fake
    finally:
        sys.__stdout__ = before  # type: ignore[misc]
