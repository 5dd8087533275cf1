"""Tensors of GGUF files: each kind by its definition, and only of the rows in use."""

from types import SimpleNamespace

import gguf
import numpy as np
import pytest
from gguf import GGMLQuantizationType as Kind

from attnviz.sources.checkpoint.gguf.header import read_header
from attnviz.sources.checkpoint.gguf.llama_like import PHI3
from attnviz.sources.checkpoint.gguf.rope import rope_values
from attnviz.sources.checkpoint.gguf.tensors import GgufTensor, fused_heads, rotated_pairs
from tests.sources.gguf_blocks import BLOCKS
from tests.sources.gguf_writer import heads_apart, rotary

READABLE = sorted(kind.name for kind in Kind if hasattr(gguf.quants, kind.name))


def random_rows(kind, n_row=6, n_block=3):
    """Random bytes of a kind, with scales that are finite.    -> [row, byte]"""
    rng = np.random.default_rng(7)
    size = gguf.GGML_QUANT_SIZES[Kind[kind]][1]
    blocks = rng.integers(0, 256, (n_row * n_block, size), dtype=np.uint8)
    if kind == "BF16":
        blocks[:, 1] = 0x3F
    for at in BLOCKS[kind][1]:
        scales = rng.normal(size=len(blocks)).astype("<f2")
        blocks[:, at : at + 2] = scales.view(np.uint8).reshape(-1, 2)
    return blocks.reshape(n_row, -1)


def stored(tmp_path, kind, rows, **changes):
    """A tensor of these bytes in a file, mapped."""
    path = tmp_path / "x.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tensor("x.weight", rows, raw_dtype=Kind[kind])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    header = read_header(path)
    entry = header.tensors["x.weight"]
    data = np.frombuffer(header.data, dtype=np.uint8)
    changes = {"shape": entry.shape} | changes
    return GgufTensor(data, dtype=entry.kind, start=entry.start, end=entry.end, **changes)


@pytest.mark.parametrize("kind", BLOCKS)
def test_numbers_are_those_of_the_definition(kind, tmp_path):
    rows = random_rows(kind)
    tensor = stored(tmp_path, kind, rows)
    size = gguf.GGML_QUANT_SIZES[Kind[kind]][1]
    blocks = rows.reshape(-1, size)
    loops = np.reshape([BLOCKS[kind][0](block.tobytes()) for block in blocks], (len(rows), -1))
    assert tensor.is_readable
    assert tensor.shape == np.shape(loops)
    got = tensor.read()
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, loops, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(tensor.read(slice(2, 4)), got[2:4])
    np.testing.assert_array_equal(tensor.read(np.array([5, 0, 5])), got[[5, 0, 5]])
    assert tensor.read(np.array([], dtype=np.intp)).shape == (0, got.shape[1])


def test_all_kinds_of_the_package_are_readable(tmp_path):
    assert len(READABLE) >= 22
    for kind in READABLE:
        n_number, n_byte = gguf.GGML_QUANT_SIZES[Kind[kind]]
        tensor = stored(tmp_path, kind, np.ones((2, 2 * n_byte), dtype=np.uint8))
        assert tensor.is_readable
        assert tensor.read().shape == (2, 2 * n_number) == tensor.shape


@pytest.mark.parametrize("kind", ["I8", "I32", "Q8_K"])
def test_other_kinds_are_not_readable(kind, tmp_path):
    n_byte = gguf.GGML_QUANT_SIZES[Kind[kind]][1]
    assert not stored(tmp_path, kind, np.ones((2, n_byte), dtype=np.uint8)).is_readable


@pytest.mark.parametrize("kind", ["Q8_0", "Q4_K", "BF16"])
def test_rows_in_another_order(kind, tmp_path):
    rows = random_rows(kind)
    plain = stored(tmp_path, kind, rows).read()
    order = np.array([3, 1, 0, 5, 4, 2])
    tensor = stored(tmp_path, kind, rows, order=order)
    np.testing.assert_array_equal(tensor.read(), plain[order])
    np.testing.assert_array_equal(tensor.read(slice(1, 4)), plain[order[1:4]])
    np.testing.assert_array_equal(tensor.read(np.array([5, 2])), plain[order[[5, 2]]])


@pytest.mark.parametrize("kind", ["Q8_0", "BF16"])
def test_a_transposed_matrix(kind, tmp_path):
    rows = random_rows(kind)
    plain = stored(tmp_path, kind, rows).read()
    tensor = stored(tmp_path, kind, rows, shape=plain.shape[::-1], transposed=True)
    np.testing.assert_array_equal(tensor.read(), plain.T)
    np.testing.assert_array_equal(tensor.read((slice(None), slice(1, 4))), plain.T[:, 1:4])
    np.testing.assert_array_equal(tensor.read(slice(2, 3)), plain.T[2:3])


def test_what_was_added_is_subtracted(tmp_path):
    tensor = stored(tmp_path, "F32", np.array([[1.5, 3.0]], dtype=np.float32), added=1.0)
    assert tensor.read().tolist() == [[0.5, 2.0]]


def test_float32_is_mapped_and_not_copied(tmp_path):
    tensor = stored(tmp_path, "F32", np.ones((2, 4), dtype=np.float32))
    assert np.shares_memory(tensor.read(), tensor.file)


def test_orders_undo_the_converter():
    array = np.random.default_rng(0).normal(size=(24, 5))
    np.testing.assert_array_equal(rotary(array, 3)[rotated_pairs(3, 8)], array)
    np.testing.assert_array_equal(heads_apart(array, 2)[fused_heads(2, 4)], array)


def test_damaged_scales_are_no_warning(tmp_path):
    rows = random_rows("Q4_1")
    rows[:, :4] = 0xFF  # NaN
    assert np.isnan(stored(tmp_path, "Q4_1", rows).read()).any()


@pytest.mark.parametrize("d_head", [49, 64, 103, 196])  # 49 × (1 / 49) < 1 in floating point
def test_the_share_of_rotated_dimensions_gives_back_their_number(d_head):
    for n_dim in range(1, d_head):
        header = SimpleNamespace(metadata={f"{PHI3.name}.rope.dimension_count": n_dim}, tensors={})
        share = rope_values(header, PHI3, {"head_dim": d_head})["partial_rotary_factor"]
        assert int(d_head * share) == n_dim
        assert share == n_dim / d_head or int(d_head * (n_dim / d_head)) != n_dim
