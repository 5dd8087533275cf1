"""Tensors of safetensors files: exact conversion, and only of the parts in use."""

import json
import sys
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import save_file

from attnviz.errors import CouldNotError, InvalidInputError
from attnviz.sources.checkpoint.tensors import Tensors
from attnviz.sources.checkpoint.weight_files import read_tensors

EVERY = np.arange(1 << 16, dtype=np.uint16)


def save_and_map(tmp_path, **arrays) -> Tensors:
    save_file(arrays, tmp_path / "x.safetensors")
    return Tensors(read_tensors([tmp_path / "x.safetensors"]))


def test_every_bfloat16_is_exact(tmp_path):
    have = save_and_map(tmp_path, x=EVERY.view(ml_dtypes.bfloat16))
    got = have.get("x", (1 << 16,))
    assert got.dtype == np.float32
    with np.errstate(invalid="ignore"):
        wanted = EVERY.view(ml_dtypes.bfloat16).astype(np.float32)
    assert (got.view(np.uint32) == EVERY.astype(np.uint32) << 16).all()
    assert np.array_equal(got, wanted, equal_nan=True)


def test_every_float16_is_exact(tmp_path):
    halves = EVERY.view(np.float16)
    with np.errstate(invalid="ignore"):
        got = save_and_map(tmp_path, x=halves).get("x", (1 << 16,))
        assert np.array_equal(got, halves.astype(np.float32), equal_nan=True)
    assert got.dtype == np.float32


def test_float32_is_mapped_and_not_copied(tmp_path):
    have = save_and_map(tmp_path, x=np.arange(12, dtype=np.float32).reshape(3, 4))
    got = have.get("x", (3, 4))
    assert got.tolist() == np.arange(12.0).reshape(3, 4).tolist()
    assert not got.flags.writeable
    assert np.shares_memory(got, have.by_name["x"].file)


def test_float64_becomes_float32(tmp_path):
    got = save_and_map(tmp_path, x=np.array([1 / 3])).get("x", (1,))
    assert got.tolist() == [np.float32(1 / 3)]


def test_rows_are_converted_alone(tmp_path):
    table = np.arange(20, dtype=np.float16).reshape(5, 4)
    have = save_and_map(tmp_path, x=table)
    assert have.rows("x", [3, 0, 3], 4).tolist() == table[[3, 0, 3]].tolist()
    assert have.rows("x", slice(3, 9), 4).tolist() == table[3:].tolist()
    assert have.rows("x", [], 4).shape == (0, 4)


def test_a_missing_row_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match="tensor 'x' has no row 5; it has 5 rows"):
        save_and_map(tmp_path, x=np.zeros((5, 4), np.float32)).rows("x", [5], 4)


def test_the_dtype_is_that_of_most_parameters(tmp_path):
    few, many = np.zeros(2, np.float32), np.zeros(9, np.float16)
    have = save_and_map(tmp_path, few=few, many=many)
    assert (have.dtype, have.n_parameter) == ("float16", 11)


HEADERS = {
    "no JSON": b"{",
    "no object": b"[]",
    "past the end": b'{"x":{"dtype":"F32","shape":[9],"data_offsets":[0,36]}}',
    "a hole": b'{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
    "an overlap": b'{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},'
    b'"y":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
    "a shape that does not fit": b'{"x":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}',
    "a negative shape": b'{"x":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}',
    "an unknown type": b'{"x":{"dtype":"F31","shape":[2],"data_offsets":[0,8]}}',
    "no UTF-8": b'{"\xff":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}',
    "a doubled key": b'{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},'
    b'"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}',
    "an overflow": b'{"x":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}}',
    "bytes left over": b'{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
}


def write_header(path: Path, header: bytes, size: int | None = None) -> Path:
    n = len(header) if size is None else size
    path.write_bytes(n.to_bytes(8, "little") + header + bytes(8))
    return path


@pytest.mark.parametrize("how", HEADERS)
def test_an_invalid_header_is_refused(how, tmp_path):
    path = write_header(tmp_path / "x.safetensors", HEADERS[how])
    with pytest.raises(InvalidInputError, match="is not a valid safetensors file") as caught:
        read_tensors([path])
    n = 8 + len(HEADERS[how])
    missing = f"it has {n + 8:,} of {n + 36:,} bytes; download it again"
    assert (missing in str(caught.value)) == (how == "past the end")
    assert ("download" in str(caught.value)) == (how == "past the end")


@pytest.mark.parametrize("size", [1 << 40, (1 << 63) - 1, 0])
def test_a_header_of_a_wrong_size_is_refused(size, tmp_path):
    path = write_header(tmp_path / "x.safetensors", b"{}", size)
    with pytest.raises(InvalidInputError, match="is not a valid safetensors file"):
        read_tensors([path])


def test_without_safetensors_the_message_has_the_install_command(tmp_path, monkeypatch):
    path = write_header(tmp_path / "x.safetensors", b"{}")
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(CouldNotError, match=r"pip install 'attnviz\[models\]'"):
        read_tensors([path])


def test_a_valid_header_is_not_refused(tmp_path):
    header = {"x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}
    path = write_header(tmp_path / "x.safetensors", json.dumps(header).encode())
    assert Tensors(read_tensors([path])).get("x", (2,)).tolist() == [0.0, 0.0]


def test_a_negative_row_is_refused(tmp_path):
    have = save_and_map(tmp_path, x=np.zeros((5, 4), np.float32))
    with pytest.raises(InvalidInputError, match="tensor 'x' has no row -1; it has 5 rows"):
        have.rows("x", [2, -1], 4)


def test_a_float64_beyond_float32_becomes_infinity(tmp_path):
    have = save_and_map(tmp_path, x=np.array([1e300, -1e300, 1.0]))
    with np.errstate(all="raise"):
        assert have.get("x", (3,)).tolist() == [float("inf"), float("-inf"), 1.0]
