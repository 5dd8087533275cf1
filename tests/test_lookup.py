"""Lookup by name: what is found, and how long the message for an unknown name may be."""

from textwrap import wrap
from typing import NamedTuple

import pytest

from attnviz.errors import UnknownNameError
from attnviz.lookup import find_by_name, unknown_name_message


class Row(NamedTuple):
    name: str
    aliases: tuple[str, ...] = ()


ROWS = [Row("scaled-dot", ("vanilla",)), Row("causal"), Row("sliding-window")]
MANY = [Row(f"mechanism-{i:03}", (f"alias-{i:03}",)) for i in range(161)]


@pytest.mark.parametrize(
    "name", ["scaled-dot", "Scaled_Dot", " scaled-dot ", "vanilla", "VANILLA"]
)
def test_case_and_the_kind_of_hyphen_do_not_matter(name):
    assert find_by_name(ROWS, name, "variant") is ROWS[0]


def test_rows_after_the_match_are_not_read():
    def rows():
        yield ROWS[0]
        raise AssertionError("the next row is imported")

    assert find_by_name(rows(), "vanilla", "variant") is ROWS[0]
    with pytest.raises(AssertionError, match="imported"):
        find_by_name(rows(), "causal", "variant")


def message(rows, name, **options):
    with pytest.raises(UnknownNameError) as caught:
        find_by_name(rows, name, "variant", **options)
    return str(caught.value)


def test_near_names_are_suggested_and_three_at_most():
    assert message(ROWS, "casual") == "unknown variant 'casual'. Did you mean 'causal'?"
    assert message(ROWS, "vanila") == "unknown variant 'vanila'. Did you mean 'vanilla'?"
    assert message(MANY, "mechanism").count(" or ") == 2


def test_few_names_are_all_listed_without_aliases():
    expected = "unknown variant 'xyz'. Choose from: scaled-dot, causal, sliding-window"
    assert message(ROWS, "xyz") == expected


def test_of_many_names_ten_are_listed_with_their_number_and_the_next_step():
    text = message(MANY, "xyz", next_step="run `attnviz variants WORD`")
    assert text.startswith("unknown variant 'xyz'. Choose from: mechanism-000, mechanism-001, ")
    assert text.endswith("mechanism-009, … (161 in all); run `attnviz variants WORD`")


@pytest.mark.parametrize("name", ["xyz", "x" * 10_000, "mechanism-0000", "\n" * 500])
def test_a_message_takes_at_most_six_lines(name):
    text = message(MANY, name, next_step="run `attnviz variants WORD`")
    assert len(wrap(text, 80)) <= 6


def test_names_without_rows_work_too():
    assert unknown_name_message("jsn", ["json", "html"], "format").endswith("mean 'json'?")
