"""Listings: titles and words stay whole on narrow screens."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from attnviz.render.reports.terminal_heads import COLUMNS, OMITTED_FIRST, PROFILE_WIDTH
from attnviz.render.reports.terminal_listing import Listing
from tests.cli.runner import run
from tests.render.consoles import console


@pytest.mark.parametrize("width", [50, 55, 60, 80])
def test_the_titles_of_the_heads_table_are_whole(width):
    lines = run("heads", "the cat sat on the mat", "-v", "causal", width=width).out.splitlines()
    words = " ".join(lines).split()
    for title in COLUMNS:
        if title == "profile" and width < PROFILE_WIDTH:
            assert words[-1] == title  # on a wider screen
            continue
        assert set(title.split()) <= set(words)
    assert {"diffuse", "1.2"} & set(words)
    assert max(map(cell_len, lines)) <= width


@pytest.mark.parametrize("width", [30, 40, 60])
def test_columns_are_omitted_and_named_before_words_break(width):
    out = run("heads", "the cat sat on the mat", "-v", "causal", width=width).out
    lines = out.splitlines()
    header = next(line for line in lines if line.startswith("head  pattern"))
    assert any(line.split()[:2] == ["0.0", "diffuse"] for line in lines)
    missing = [title for title in COLUMNS if title.split()[-1] not in header.split()]
    narrow = " ".join(out.split()).rpartition("on a wider screen: ")[2]
    assert narrow == ", ".join(title for title in OMITTED_FIRST if title in missing)
    assert missing and max(map(cell_len, lines)) <= width


def test_text_is_wrapped_before_numbers_and_words_only_where_they_do_not_fit():
    table = Listing("", ("name", "n"), [("one two three", "10 of 20"), ("four", "3")], ("n",))

    def printed(width):
        out = console(width)
        out.print(table)
        return [line.rstrip() for line in out.file.getvalue().splitlines()]

    assert printed(80)[1:] == ["one two three  10 of 20", "four                  3"]
    assert printed(18)[1:3] == ["one two   10 of 20", "three"]
    assert printed(12)[1:4] == ["one    10 of", "two       20", "three"]
    assert max(map(len, printed(8))) <= 8
