"""The streams of a run: what is written is flushed, and messages cannot act on a terminal."""

from dataclasses import replace
from pathlib import Path

import pytest

from attnviz.cli.environment import escape_unprintable
from attnviz.cli.input.records import parse_record
from attnviz.errors import CouldNotError, InvalidInputError
from tests.cli.runner import environment


def test_output_is_flushed_at_once():
    """Else a full disk would be noticed after the status was decided."""
    full = Path("/dev/full").open("wb")  # noqa: SIM115 (closing it fails)
    with pytest.raises(CouldNotError, match="No space left"):
        replace(environment(), stdout=full).write(b"a")
    with pytest.raises(OSError):
        full.close()


@pytest.mark.parametrize("char", "\x00\x1b\x7f\x9b\u200b\u202e\u2066\ufeff\ud800")
def test_no_character_of_a_message_acts_on_a_terminal(char):
    escaped = escape_unprintable(f"a{char}b")
    assert escaped.isascii() and escaped.isprintable() and char not in escaped


def test_words_and_line_breaks_of_a_message_stay():
    assert escape_unprintable("Ünï 中文\nb") == "Ünï 中文\nb"


@pytest.mark.parametrize("id", [True, 1.5, ["a"], {}])
def test_an_id_is_a_text_or_a_whole_number(id):
    with pytest.raises(InvalidInputError, match="the id must be a text or a whole number"):
        parse_record({"text": "a", "id": id}, 1, "text", None)
