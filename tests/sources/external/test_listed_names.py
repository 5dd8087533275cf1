"""Messages that list names: the first few of them, and a mark where there are more."""

from __future__ import annotations

import numpy as np
import pytest

from attnviz.errors import InvalidInputError, MisuseError, UnknownNameError
from attnviz.sources.checkpoint.source import list_names
from attnviz.sources.external.arrays import check_arrays
from attnviz.sources.external.module_names import find_modules
from attnviz.sources.external.named_arrays import choose_attention
from attnviz.sources.external.readers import READERS, find_reader
from attnviz.sources.external.selection import FEW, Selection, default_note, join_options
from attnviz.sources.external.vector_names import find_vectors

LETTERS = "abcdefghijklm"


@pytest.mark.parametrize("n", range(1, len(LETTERS)))
def test_options_beyond_the_first_few_are_a_mark(n):
    shown = ", ".join(LETTERS[: min(n, 8)]) + (", …" if n > 8 else "")
    assert (join_options(LETTERS[:n]), FEW) == (shown, 8)
    shown = ", ".join(LETTERS[: min(n, 6)]) + (", …" if n > 6 else "")
    assert list_names(LETTERS[:n]) == shown


@pytest.mark.parametrize("n", [1, 2, 8, 9, 10])
def test_the_default_is_stated_with_the_other_options(n):
    others = join_options(LETTERS[1:n])
    expected = () if n == 1 else (f"showing a (also: {others}); choose with --which",)
    assert default_note("", LETTERS[:n]) == expected
    assert Selection().choose_name(list(LETTERS[:n])).position == 0
    quoted = join_options([repr(each) for each in LETTERS[1:n]])
    expected = () if n == 1 else (f"showing 'a' (also: {quoted}); choose with --which",)
    assert Selection().choose_name(list(LETTERS[:n])).guesses == expected


def test_an_option_in_the_middle_is_stated_with_those_on_both_sides():
    expected = "showing x 3 (also: 1, 2, 4); choose with --which"
    assert default_note("x ", (1, 2, 3, 4), 2) == (expected,)
    expected = "showing x 3 of 4; choose with --which"
    assert default_note("x ", (1, 2, 3, 4), 2, is_count=True) == (expected,)


def test_numbers_and_names_that_are_not_there_are_refused_with_the_options():
    with pytest.raises(MisuseError, match="no item 9; choose from 0, 1, 2, 3, 4, 5, 6, 7, …"):
        Selection(number=9).choose_index(range(9), "item")
    assert Selection(number=8).choose_index([8, 9], "item").position == 0
    with pytest.raises(UnknownNameError):
        Selection(name="x").choose_name(["a", "b"])


@pytest.mark.parametrize("n", [0, 1, 8, 9])
def test_names_without_attention_are_listed(n):
    named = dict.fromkeys(LETTERS[:n], 1.0)
    shown = ", ".join(repr(name) for name in LETTERS[: min(n, 8)]) or "no arrays"
    with pytest.raises(InvalidInputError, match=f"no attention among {shown}; load"):
        choose_attention(named, Selection())
    shown = shown if n else "nothing"
    with pytest.raises(InvalidInputError, match=rf"no queries and keys \(there is {shown}\)"):
        find_vectors(named, Selection())


@pytest.mark.parametrize("n", [1, 8, 9])
def test_arrays_of_modules_that_are_not_read_are_listed(n):
    others = {f"layers.0.{letter}.probs": np.eye(2) for letter in LETTERS[:n]}
    found = find_modules({"layers.0.attn": np.eye(2), **others})
    (note,) = found["layers.attn"].notes if "layers.attn" in found else found.popitem()[1].notes
    assert note.count("probs") == min(n, 8) and note.endswith(", …") == (n > 8)


@pytest.mark.parametrize("n", [1, 2, 1000])
def test_arrays_that_are_too_large_are_counted(n):
    arrays = [np.broadcast_to(np.float32(0), (1000, 1000))] * n
    number = "an array" if n == 1 else f"{n:,} arrays"
    with pytest.raises(InvalidInputError, match=rf"^{number} of shape \(1000, 1000\), as floats"):
        check_arrays(arrays, 1000)


def test_an_unknown_format_is_refused_with_those_that_are_read():
    with pytest.raises(InvalidInputError, match="unrecognized format; supported: ") as caught:
        find_reader(b"\x00\x01\x02\x03")
    names = str(caught.value).split("supported: ")[1]
    assert names == ", ".join(row.name for row in READERS if row.name not in {"pickle"})
