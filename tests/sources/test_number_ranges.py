"""Ranges of numbers in files: both ends are accepted, and what is outside is refused by name."""

from __future__ import annotations

import re
import struct

import numpy as np
import pytest

from attnviz.errors import AttnvizError, InvalidInputError, MisuseError
from attnviz.sources.checkpoint import hub
from attnviz.sources.checkpoint.config_ranges import INT_RANGES
from attnviz.sources.checkpoint.gguf.header import read_header
from attnviz.sources.checkpoint.torch_file import is_size
from attnviz.sources.external.frame_times import MAX_SECONDS, MIN_SECONDS, check_seconds
from attnviz.sources.external.json_document import LIMITS, parse_token
from attnviz.sources.external.metadata import MAX_INDEX, is_index_list
from attnviz.sources.external.named_ids import find_input_ids, find_segments
from attnviz.sources.external.parquet import check_footer
from attnviz.sources.tokenizing.regex_cost import is_costly
from attnviz.sources.tokenizing.sentencepiece_model import Piece, read_piece
from tests.sources.test_gguf_refusals import entry, header


def test_repeats_of_a_pattern_are_counted(monkeypatch):
    monkeypatch.setattr("attnviz.sources.tokenizing.regex_cost.MAX_REPEATS", 3)
    assert [is_costly("a*" * n) for n in (1, 3, 4)] == [False, False, True]


@pytest.mark.parametrize("n_axis", range(6))
def test_a_tensor_of_a_gguf_file_has_one_to_four_axes(n_axis, tmp_path):
    path = tmp_path / "x.gguf"
    path.write_bytes(header(tensors=[entry("x", (1,) * n_axis)], data=bytes(4)))
    if 1 <= n_axis <= 4:
        assert read_header(path).tensors["x"].shape == (1,) * n_axis
        return
    with pytest.raises(InvalidInputError, match=f"has {n_axis} axes; 1 to 4 are read"):
        read_header(path)


def test_names_on_the_hub_have_at_most_96_characters(monkeypatch):
    monkeypatch.setattr(hub, "fetch_model", lambda model: model.name)
    monkeypatch.setattr(hub, "fetch_named_file", lambda model, file: (model.name, file))
    fits, too_long = ("owner/" + "n" * (hub.MAX_MODEL_NAME - 6 + more) for more in (0, 1))
    assert hub.find_path(fits) == fits
    assert hub.find_path(f"{fits}/x.gguf") == (fits, "x.gguf")
    for name in (too_long, f"{too_long}/x.gguf"):
        with pytest.raises(AttnvizError, match=r"there is no (folder|file)"):
            hub.find_path(name)


@pytest.mark.parametrize("name", LIMITS)
def test_the_fields_of_a_token_are_bounded(name):
    assert getattr(parse_token({"label": "a", name: LIMITS[name] - 1}, "x"), name) > 0
    for n in (-1, LIMITS[name]):
        with pytest.raises(InvalidInputError, match=rf"x\.{name} is {n}"):
            parse_token({"label": "a", name: n}, "x")


def test_indices_are_below_the_bound_of_32_bits():
    assert is_index_list([0, MAX_INDEX - 1]) and MAX_INDEX == 1 << 31
    assert not any(map(is_index_list, ([-1], [MAX_INDEX], [True], [1.0], (0,))))
    assert is_size(0) and not any(map(is_size, (-1, True, 1.0, "1")))


@pytest.mark.parametrize(
    ("read", "name"), [(find_input_ids, "input_ids"), (find_segments, "token_type_ids")]
)
def test_numbers_of_tokens_are_bounded(read, name):
    limit = {"input_ids": MAX_INDEX, "token_type_ids": LIMITS["segment"]}[name]
    assert read({name: np.array([0, limit - 1])}).tolist() == [0, limit - 1]
    for wrong in ([-1], [limit], [0.5], [[[0]]]):
        shape = np.shape(wrong)
        message = f"{name} of shape {shape} should be integers [batch, token], from 0 to"
        with pytest.raises(InvalidInputError, match=re.escape(f"{message} {limit - 1:,}")):
            read({name: np.array(wrong)})


def test_seconds_between_keys_are_bounded():
    assert [check_seconds(s) for s in (None, MIN_SECONDS, MAX_SECONDS)] == [None, 1e-6, 1e6]
    for seconds in (0.0, 0.9e-6, 1.1e6, float("nan")):
        with pytest.raises(MisuseError, match="from 1e-06 to 1e"):
            check_seconds(seconds)


@pytest.mark.parametrize("kind", [0, 1, 6, 7])
def test_a_piece_of_sentencepiece_has_one_of_six_kinds(kind):
    message = b"\x0a\x01a\x15" + struct.pack("<f", -1.5) + bytes([0x18, kind])
    if 1 <= kind <= 6:
        assert read_piece(message, 3) == Piece("a", -1.5, kind)
        return
    with pytest.raises(InvalidInputError, match="piece 3 has no text, no finite score or an unkn"):
        read_piece(message, 3)


@pytest.mark.parametrize("size", [1 << 24, (1 << 24) + 1, 0x01000000 * 255])
def test_the_size_of_a_footer_is_that_of_four_bytes(size):
    data = size.to_bytes(4, "little") + b"PAR1"
    if size <= 1 << 24:
        check_footer(data)
        return
    with pytest.raises(InvalidInputError, match=f"has {size:,} bytes; at most 16,777,216 are"):
        check_footer(data)


def test_a_setting_of_one_or_none_is_in_range():
    """The least number of layers is 1; counts that a model can do without begin at 0."""
    least = {name: low for name, (low, _) in INT_RANGES.items()}
    without = {"max_window_layers", "n_segment", "num_random_blocks", "conv_kernel_size"}
    assert {name for name, low in least.items() if low == 0} == without | {
        name for name in least if name.endswith("_token_id")
    }
    others = {"relative_attention_num_buckets": 4, "relative_attention_max_distance": 2}
    others |= dict.fromkeys(("max_relative_positions", "position_buckets"), -1)
    assert {name: low for name, low in least.items() if low not in (0, 1)} == others
