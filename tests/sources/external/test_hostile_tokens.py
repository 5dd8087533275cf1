"""Tokens in files of arrays: code points that are none, and other types; row sums of files."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from attnviz.errors import InvalidInputError
from attnviz.render.formats import FORMATS, find_format
from attnviz.sources.external import read
from tests.conftest import make_map
from tests.sources.external.handmade_files import npy, npz, refused

WRITERS = [row.name for row in FORMATS if row.name in ("json", "csv", "npz", "parquet", "html")]


def archive(tokens):
    return npz([("attention.npy", npy(np.eye(2))), ("tokens.npy", npy(tokens))])


def code_points(*numbers, order="<"):
    return np.array(numbers, dtype=f"{order}u4").view(f"{order}U1")


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("number", [0x110000, 0x7FFFFFFF, 0xFFFFFFFF])
def test_code_points_beyond_unicode_are_refused(number, order):
    refused(archive(code_points(0x61, number, order=order)), f"tokens holds .* {number:#x}")


@pytest.mark.parametrize("number", [0, 0x1B, 0xD800, 0xDFFF, 0x202E, 0x10FFFF])
def test_every_other_code_point_is_read_and_can_be_written(number):
    amap = read(archive(code_points(0x61, number)))
    assert amap.keys[1].label == ("" if number == 0 else chr(number))
    for row in FORMATS:
        if row.name in WRITERS:
            row.render(amap)


@pytest.mark.parametrize(
    ("tokens", "kind"),
    [
        (np.array([b"a", b"b"]), r"\|S1 of shape \(2,\)"),
        (np.array([1, 2]), r"int64 of shape \(2,\)"),
        (np.array([[["a", "b"]]]), r"<U1 of shape \(1, 1, 2\)"),
        (np.array([True, False]), r"bool of shape \(2,\)"),
    ],
)
def test_tokens_of_another_type_are_named_in_a_note(tokens, kind):
    guessed = "; ".join(read(archive(tokens)).meta["guessed"])
    assert re.search(rf"tokens are not shown: {kind} is not a list of strings", guessed)


def test_tokens_of_no_numbers_are_refused():
    refused(archive(np.array([1j, 2])), "type complex128")


@pytest.mark.parametrize(
    "row_sum", ["{value:3000000000}", "{0.__class__}", "%s", "2", 1, None, []]
)
def test_a_row_sum_is_one_of_three(row_sum):
    fields = json.loads(find_format("json").render(make_map()))
    fields["meta"]["row_sum"] = row_sum
    with pytest.raises(InvalidInputError, match=r"meta\.row_sum .*'1' or 'at most 1' or 'any'"):
        read(json.dumps(fields).encode())
