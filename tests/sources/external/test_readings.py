"""How names, axes and lines are read: what is certain, what is a guess, and what is refused."""

from __future__ import annotations

import json
from itertools import permutations

import numpy as np
import pytest

from attnviz.errors import InvalidInputError, MisuseError
from attnviz.sources.external import read
from attnviz.sources.external.axes import is_unambiguous, require_axes
from attnviz.sources.external.items import is_json_lines
from attnviz.sources.external.metadata import MAX_DEPTH, check_depth
from attnviz.sources.external.module_names import stack_heads
from attnviz.sources.external.selection import Selection
from attnviz.sources.external.vector_names import find_vectors
from attnviz.sources.external.wide_table import find_header


@pytest.mark.parametrize(
    ("shape", "of_layers", "expected"),
    [
        ((5, 5), False, True),
        ((1, 5, 5), False, True),
        ((1, 1, 4, 5), False, False),  # the keys may be more than the queries, or another axis
        ((2, 5, 5), False, False),
        ((2, 5, 5), True, True),  # a layer each
        ((3, 1, 2, 5, 5), True, True),  # as models return them
        ((3, 1, 2, 4, 5), True, True),
        ((3, 1, 2, 4, 3), True, False),  # the last axis may be that of the layers
        ((3, 1, 2, 4, 2), True, False),
        ((3, 2, 2, 5, 5), True, False),
        ((3, 2, 5, 5), True, False),
        ((3, 1, 5, 5), True, False),
    ],
)
def test_an_order_of_axes_is_certain_where_no_other_fits(shape, of_layers, expected):
    assert is_unambiguous(shape, of_layers=of_layers) is expected


@pytest.mark.parametrize("axes", ["qkk", "qqk", "hhqk", "xqk", "qk", "hq", "lhbqk", "hhh", "xyz"])
def test_letters_that_do_not_name_each_axis_once_are_refused(axes):
    with pytest.raises(MisuseError, match="it should have one letter per axis"):
        require_axes(axes, (2, 3, 4))


@pytest.mark.parametrize("axes", ["".join(each) for each in permutations("hqk")])
def test_letters_of_each_axis_are_accepted_in_any_order(axes):
    assert require_axes(axes, (2, 3, 4)) == axes


@pytest.mark.parametrize("shapes", [((3, 4), (3, 5)), ((3, 5), (3, 4)), ((4, 3), (3, 3))])
def test_heads_of_one_layer_have_one_shape(shapes):
    with pytest.raises(InvalidInputError, match=r"should be matrices .query, key. of one shape"):
        stack_heads([np.zeros(shape) for shape in shapes], "attn")
    assert stack_heads([np.zeros(shapes[0])] * 2, "attn").shape == (2, *shapes[0])


def test_values_are_those_of_the_layer_of_their_queries():
    """Rotated queries and keys have a name of their own, values only one."""
    named = {}
    for layer in range(3):
        for side in ("q", "k", "rot_q", "rot_k", "v"):
            value = np.full((1, 2, 1, 3), layer, np.float32)
            named[f"blocks.{layer}.attn.hook_{side}"] = value
    found = find_vectors(named, Selection())
    assert found.layers == (0, 1, 2)
    for side in (found.queries, found.keys, found.values):
        assert [int(array.flat[0]) for array in side] == [0, 1, 2]
    assert found.names["query"].endswith("hook_rot_q") and found.names["value"].endswith("hook_v")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"{}\n{}\n", True),
        (b"[1]\n[2]", True),
        (b"\xef\xbb\xbf{}\r\n{}", True),
        (b"{}\n", False),
        (b"{}", False),
        (b"{}\n\n", False),
        (b"[\n1]\n", False),
        (b"[[1]\n[2]]", False),
        (b"1\n2\n", False),
    ],
)
def test_json_lines_have_an_object_or_list_on_the_first_line_and_more(data, expected):
    assert is_json_lines(data) is expected


@pytest.mark.parametrize("make", [lambda inner: [inner], lambda inner: {"a": inner}])
@pytest.mark.parametrize("n", [1, MAX_DEPTH - 1, MAX_DEPTH, 5_000])
def test_metadata_of_lists_or_objects_are_nested_to_a_bound(n, make):
    value = 0
    for _ in range(n):
        value = make(value)
    if n < 32:
        check_depth(value)
        return
    with pytest.raises(InvalidInputError, match="meta is nested deeper than 32 values"):
        check_depth(value)


def test_a_note_about_scores_is_added_to_that_about_negative_weights():
    scores = np.array([[[3.0, -5.0], [2.0, 0.5]]] * 2)
    *_, sums, negative = read(scores).meta["guessed"]
    assert sums.startswith("row sums range from -2 to 2.5 (not normalized)")
    expected = "some weights are negative, down to -5; if they are scores, add --softmax"
    assert negative == expected
    assert "softmax" not in sums


@pytest.mark.parametrize(("n", "pairs"), [(1, "1 pair with"), (2, "2 pairs with")])
def test_pairs_that_a_mask_excludes_are_counted(n, pairs):
    weights = np.eye(3)
    weights[0, 1] = 0.25
    weights[1, 2] = 0.25 * (n > 1)
    (note,) = (each for each in read(weights, mask="causal").meta["guessed"] if "causal" in each)
    assert note == f"causal excludes {pairs} weights up to 0.25"


@pytest.mark.parametrize("shape", [(2,), (1, 1, 2, 2)])
def test_a_layout_of_blocks_has_two_or_three_axes(shape):
    source = {"layout": np.ones(shape, int), "blocks": np.ones((4, 3, 3)) / 6}
    with pytest.raises(
        InvalidInputError, match=r"should hold 0 and 1, .head, query block, key bl"
    ):
        read(source)
    assert read(source | {"layout": np.ones((2, 2), int)}).weights.shape[-2:] == (6, 6)


def test_json_is_one_document_where_its_lines_are_not():
    source = json.dumps({"attention": [[1.0, 0.0], [0.5, 0.5]]}, indent=1).encode()
    assert not is_json_lines(source) and read(source).weights.shape == (1, 1, 2, 2)


@pytest.mark.parametrize("width", [2, 3, 300])
def test_a_first_row_of_counts_is_one_of_labels_or_weights_by_the_number_of_rows(width):
    counts = [str(number) for number in range(width)]
    rows = [(line, ["0.5"] * width) for line in range(width + 2)]
    assert find_header(counts, rows[: width - 1], width) == (False, ())
    has_header, notes = find_header(counts, rows[:width], width)
    assert has_header and f"taking the first line, 0 to {width - 1}, for labels" in notes[0]
    with pytest.raises(InvalidInputError, match="may be labels or weights; leave it out"):
        find_header(counts, rows[: width + 1], width)
    assert find_header(["1", *counts[1:]], rows, width) == (False, ())
    assert find_header(["a", *counts[1:-1], "b"], rows, width) == (True, ())
    assert find_header(counts, [], width) == (False, ())
