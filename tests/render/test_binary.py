"""Array files: read by NumPy and safetensors, deterministic bytes."""

from __future__ import annotations

import json
import sys
import tracemalloc
import zipfile
from dataclasses import replace
from io import BytesIO
from zipfile import ZipFile

import numpy as np
import pytest

from attnviz.errors import NumbersError
from attnviz.render.data import array_files as binary
from attnviz.render.formats import find_format
from attnviz.render.style import Style
from tests.conftest import HOSTILE, make_map

NAMES = ("npz", "safetensors")


def render(name, amap):
    return find_format(name).render(amap)


def full_map():
    return make_map(
        HOSTILE,
        n_layer=2,
        layers=(3, 7),
        visible=np.tril(np.ones((len(HOSTILE),) * 2, dtype=bool)),
        query_vectors=np.ones((2, 2, len(HOSTILE), 5)),
        key_vectors=np.zeros((2, 2, len(HOSTILE), 5)),
        meta={"seed": 3},
    )


def npz(amap):
    with np.load(BytesIO(render("npz", amap)), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def test_numpy_reads_the_arrays():
    amap, made = full_map(), npz(full_map())
    assert made["weights"].dtype == np.float32
    assert np.array_equal(made["weights"], amap.weights)
    assert np.array_equal(made["visible"], amap.visible)
    assert made["layers"].tolist() == [3, 7]
    assert made["heads"].tolist() == [0, 1]
    assert made["query_vectors"].shape == (2, 2, len(HOSTILE), 5)
    assert not made["key_vectors"].any()
    assert made["keys"][3] == HOSTILE[3]


def test_tokens_are_beside_the_arrays():
    said = json.loads(npz(full_map())["document"].item())
    assert [token["piece"] for token in said["keys"]] == list(HOSTILE)
    assert said["meta"] == {"seed": 3}
    assert "weights" not in said


def test_absent_arrays_are_left_out():
    assert set(npz(make_map())) == {"weights", "layers", "heads", "queries", "keys", "document"}


def test_members_carry_no_clock_and_no_machine():
    with ZipFile(BytesIO(render("npz", make_map()))) as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {member.create_system for member in archive.infolist()} == {3}


def test_safetensors_reads_the_tensors():
    from safetensors import deserialize
    from safetensors.numpy import load

    amap = full_map()
    made = render("safetensors", amap)
    assert np.array_equal(load(made)["weights"], amap.weights)
    assert load(made)["visible"].dtype == bool
    assert {name for name, _ in deserialize(made)} == set(binary.map_arrays(amap))
    size = int.from_bytes(made[:8], "little")
    said = json.loads(json.loads(made[8 : 8 + size])["__metadata__"]["document"])
    assert [token["label"] for token in said["queries"]] == list(HOSTILE)


def test_safetensors_writes_what_the_package_would():
    from safetensors.numpy import save

    amap = full_map()
    arrays = {name: stored.values for name, stored in binary.map_arrays(amap).items()}
    for name in ("weights", "query_vectors", "key_vectors"):
        arrays[name] = arrays[name].astype(np.float32)
    document = binary.to_json_line(binary.document_header(amap, Style())).decode()
    assert render("safetensors", amap) == save(arrays, metadata={"document": document})


def test_arrays_of_safetensors_are_aligned_whatever_the_text():
    maps = [make_map(text="x" * n) for n in range(8)]
    sizes = {int.from_bytes(render("safetensors", amap)[:8], "little") for amap in maps}
    assert len(sizes) > 1 and all(size % 8 == 0 for size in sizes)


def test_safetensors_are_written_without_the_package(monkeypatch):
    expected = render("safetensors", make_map())
    for name in ("safetensors", "safetensors.numpy"):
        monkeypatch.setitem(sys.modules, name, None)
    assert render("safetensors", make_map()) == expected


def test_npz_members_are_what_numpy_writes():
    with ZipFile(BytesIO(render("npz", full_map()))) as archive:
        assert archive.testzip() is None
        for member in archive.infolist():
            array, content = np.load(BytesIO(archive.read(member))), BytesIO()
            np.lib.format.write_array(content, array)
            assert archive.read(member) == content.getvalue()
            assert not member.flag_bits  # the size stands before the bytes
        assert archive.namelist()[0] == "weights.npy"


def test_npz_larger_than_a_zip_without_extensions(monkeypatch):
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 600)
    large = npz(full_map())
    monkeypatch.undo()
    for name, array in npz(full_map()).items():
        assert np.array_equal(large[name], array)


LAYOUTS = {
    "columns first": np.asfortranarray,
    "transposed": lambda array: array.swapaxes(1, 3).copy().swapaxes(1, 3),
    "backwards": lambda array: array[:, :, ::-1].copy()[:, :, ::-1],
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_bytes_do_not_depend_on_the_layout_in_memory(name, layout):
    amap = full_map()
    arrays = {k: LAYOUTS[layout](getattr(amap, k)) for k in ("weights", "visible", "key_vectors")}
    assert not arrays["weights"].flags.c_contiguous
    other = replace(amap, **arrays)
    assert other.weights.flags.c_contiguous and other.visible.flags.c_contiguous
    assert render(name, other) == render(name, amap)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_large_map_takes_less_than_5_mb_to_write(name, dtype):
    weights = np.full((2, 4, 500, 500), 1 / 500, dtype)
    amap = make_map("a" * 500, n_layer=2, n_head=4)
    amap = replace(amap, weights=weights, visible=np.ones((500, 500), bool))
    tracemalloc.start()
    try:
        n_byte = sum(len(chunk) for chunk in find_format(name).chunks(amap))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5e6 < 8e6 < n_byte


@pytest.mark.parametrize("name", NAMES)
def test_blocks_of_any_size_make_the_same_bytes(name, monkeypatch):
    whole = render(name, full_map())
    monkeypatch.setattr(binary, "BLOCK_SIZE", 7)
    assert render(name, full_map()) == whole


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("array", ["weights", "query_vectors"])
def test_numbers_outside_float32_are_refused_before_the_first_chunk(name, array):
    amap = full_map()
    numbers = np.array(getattr(amap, array), np.float64)
    numbers[1, 0, 2, 3] = 1e300
    with pytest.raises(NumbersError, match=r"\[1, 0, 2, 3\] is 1e\+300"):
        find_format(name).chunks(replace(amap, **{array: numbers}))
