"""Files of arrays that mean harm: nothing is unpickled, and nothing is made room for unseen."""

from __future__ import annotations

import gzip
import json
import pickle
import struct
import sys
import zipfile
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from attnviz.core.attention_map import AttentionMap
from attnviz.errors import CouldNotError, InvalidInputError
from attnviz.sources import safe_read
from attnviz.sources.external import array_files as binary
from attnviz.sources.external import read
from tests.sources.external.handmade_files import header, npy, npz, refused, tensors

HEADER = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }"


class Payload:
    """A pickle that touches a file when it is loaded."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return (Path.touch, (self.marker,))


@pytest.fixture
def marker(tmp_path):
    return tmp_path / "marker"


def pickles(marker):
    array = np.array([[Payload(marker)]], dtype=object)
    with_objects = npy(array, allow_pickle=True)
    raw = pickle.dumps(Payload(marker))
    return {
        "npy": with_objects,
        "npz": npz([("weights.npy", with_objects)]),
        "document": npz([("weights.npy", npy(np.eye(2))), ("document.npy", with_objects)]),
        "pickle": raw,
        "torch": npz([("archive/data.pkl", raw)]),
        "gzip": gzip.compress(raw),
    }


@pytest.mark.parametrize("way", ["npy", "npz", "document", "pickle", "torch", "gzip"])
def test_nothing_is_unpickled(way, marker):
    refused(pickles(marker)[way], "unpickling them can run any code")
    assert not marker.exists()


def test_the_payload_would_have_run(marker):
    pickle.loads(pickles(marker)["pickle"])
    assert marker.exists()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (
            header("{'descr': '<f4', 'fortran_order': False, 'shape': (1048576, 1048576), }"),
            "declares",
        ),
        (header("{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 2), }"), "declares"),
        (
            header("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }", body=b"1"),
            "declares",
        ),
        (npy(np.eye(2)) + b"1", "declares 32 bytes, but 33 follow"),
        (header("{'descr': '<U0', 'fortran_order': False, 'shape': (99999999999,), }"), "type"),
        (header("{'descr': '<f4', 'fortran_order': False, 'shape': (10L, 2), }"), "declares"),
        (header("{'descr': '<f4'}"), "not a valid npy file"),
        (header("__import__('os').abort()"), "not a valid npy file"),
        (header("(" * 100), "not a valid npy file"),
        (header(HEADER % ("<f4", "(1, 1)"), version=(3, 0)), "not a valid npy file"),
        (b"\x93NUMPY", "not a valid npy file"),
        (npy(np.array([[1j]])), "type complex128"),
        (npy(np.zeros((2, 2), dtype=[("a", "f4")])), "type"),
        (npy(np.array([["a"]])), "type str"),
        (npy(np.zeros((0, 4))), "query axis has size 0;"),
        (npy(np.array([[np.nan]])), "is nan"),
        (npy(np.zeros((2, 2), dtype="datetime64[s]")), "type"),
    ],
)
def test_npy_headers_are_checked_before_allocation(data, reason):
    refused(data, reason)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"PK\x03\x04", "invalid npz"),
        (npz([]), "no attention among no arrays"),
        (npz([("weights.npy", npy(np.eye(2))[:-1])]), "declares 32 bytes, but 31 follow"),
        (npz([("../../evil\x1b[31m\n", b"x")]), "not a valid npy file"),
        (
            npz([("weights.npy", npy(np.eye(2))), ("document.npy", npy(np.eye(2)))]),
            "bytes of JSON",
        ),
        (
            npz([("weights.npy", npy(np.eye(2))), ("document.npy", npy(np.bytes_(b"[1]")))]),
            "should be a JSON object",
        ),
        (npz([(f"a{n}.npy", b"") for n in range(10_001)]), "10001 members"),
    ],
)
def test_odd_archives_are_refused(data, reason):
    refused(data, reason)


@pytest.mark.parametrize("comment", [b"", b"a\0\0", b"a" * 65_535])
def test_a_large_directory_is_refused_whatever_the_comment_after_it(comment):
    content = npz([("weights.npy", npy(np.eye(2)))])[:-2]
    end = content.rindex(b"PK\x05\x06")
    content += struct.pack("<H", len(comment)) + comment
    assert isinstance(read(content), AttentionMap)
    for size, reason in ((10_000_000, "invalid npz: (?!its directory)"), (10_000_001, "10,000 m")):
        stated = struct.pack("<I", size)
        refused(content[: end + 12] + stated + content[end + 16 :], reason)
    locator = b"PK\x06\x07" + bytes(16)
    refused(content[:end] + locator + content[end:], "directory is for more than 10,000 members")


def test_a_duplicate_member_is_refused():
    with pytest.warns(UserWarning, match="Duplicate"):
        data = npz([("weights.npy", npy(np.eye(2))), ("weights.npy", npy(np.eye(3)))])
    refused(data, "duplicate names")


def test_an_archive_with_wrong_sizes_is_refused():
    data = bytearray(npz([("weights.npy", npy(np.zeros((50, 50))))], zipfile.ZIP_DEFLATED))
    at = data.rindex(b"PK\x01\x02") + 24
    data[at : at + 4] = struct.pack("<I", 200)
    refused(bytes(data), "invalid npz|declares")


def test_a_member_that_ends_early_is_refused():
    """Directory and header agree on a size that the data do not have."""
    whole = npy(np.full((50, 75), 0.5))
    data = bytearray(npz([("weights.npy", whole[:-8000])], zipfile.ZIP_DEFLATED))
    at = data.rindex(b"PK\x01\x02") + 24
    data[at : at + 4] = struct.pack("<I", len(whole))
    refused(bytes(data), "is shorter than the directory declares")


@pytest.mark.parametrize("way", ["npz", "gzip"])
def test_bombs_are_not_unpacked(way, monkeypatch):
    zeros = npy(np.zeros((100, 100)))
    bomb = {
        "npz": npz([("weights.npy", zeros)], zipfile.ZIP_DEFLATED),
        "gzip": gzip.compress(b" " * 80_000 + b"[[1.0]]"),
    }[way]
    assert isinstance(read(bomb), AttentionMap)
    monkeypatch.setattr(safe_read, "HARMLESS", 10_000)
    monkeypatch.setattr(safe_read, "RATIO", 20)
    refused(bomb, "compressed bytes expand to")


def test_sizes_are_capped(monkeypatch, tmp_path):
    path = tmp_path / "big.npy"
    path.write_bytes(npy(np.eye(100)))
    monkeypatch.setattr(safe_read, "LARGEST", 1000)
    with pytest.raises(InvalidInputError, match=r"'big.npy': the file is larger than 1,000 bytes"):
        read(path)
    monkeypatch.setattr(binary, "LARGEST", 1000)
    refused(npz([("weights.npy", npy(np.eye(100)))]), "the limit is 1,000 bytes")
    monkeypatch.setattr(safe_read, "LARGEST_TEXT", 1000)
    refused(b"[[" + b"1," * 1000 + b"1]]", "at most 1,000 are read")
    refused(gzip.compress(b"[[" + b"1," * 1000 + b"1]]"), "the limit is 1,000 bytes")


FINE = {"weights": {"dtype": "F32", "shape": [1, 2], "data_offsets": [0, 8]}}


def changed(**changes):
    return {"weights": {**FINE["weights"], **changes}}


@pytest.mark.parametrize(
    "data",
    [
        tensors(FINE, b"1234"),
        tensors(FINE, b"12345678more"),
        tensors(FINE, b"12345678", size=1 << 39),
        tensors(b"\xff\xfe{}", b"12345678"),
        tensors(b'{"weights"', b"12345678"),
        tensors([1], b"12345678"),
        tensors(changed(data_offsets=[8, 0]), b"12345678"),
        tensors(changed(data_offsets=[-8, 0]), b"12345678"),
        tensors(changed(data_offsets=[4, 12]), b"1234" * 3),
        tensors(changed(shape=[1, 3]), b"12345678"),
        tensors(changed(shape=[1 << 62, 1 << 62]), b"12345678"),
        tensors(changed(dtype="F33"), b"12345678"),
        tensors({**FINE, "other": FINE["weights"]}, b"12345678"),
        tensors({**FINE, "__metadata__": {"document": 1}}, b"12345678"),
        tensors(b'{"weights":' + b"[" * 10_000, b"12345678"),
        tensors(FINE, b"\x00\x00\xc0\x7f" * 2),
        tensors({**FINE, "__metadata__": {"document": "[]"}}, b"12345678"),
        tensors(changed(shape=[0, 1 << 60], data_offsets=[0, 0])),
        tensors(changed(dtype="F8_E4M3", shape=[2, 4]), b"12345678"),
    ],
)
def test_broken_tensors_are_refused(data):
    refused(data, ".")


def test_a_duplicate_tensor_is_refused():
    one = json.dumps(FINE)[1:-1]
    refused(
        tensors(f"{{{one}, {one}}}".encode(), np.ones(2, "f4").tobytes()), "duplicate key|invalid"
    )


def test_bfloat16_is_read_bit_for_bit():
    every = np.arange(1 << 16, dtype="<u2")
    part = {"dtype": "BF16", "shape": [256, 256], "data": every.tobytes()}
    made = binary.tensor_to_numpy("weights", part)
    expected = every.view(ml_dtypes.bfloat16).astype(np.float32)
    assert np.array_equal(made.view("<u4").ravel(), expected.view("<u4"))


def test_without_safetensors_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(CouldNotError, match=r"pip install 'attnviz\[models\]'"):
        read(tensors(FINE, b"12345678"))


def test_values_without_a_shape_are_refused_by_name():
    for name in ("input_ids", "token_type_ids"):
        with pytest.raises(InvalidInputError, match=name):
            read({"attentions": np.eye(2), name: {}})


CLAIMED = np.broadcast_to(np.float32(0.5), (2, 1 << 17, 1 << 17))  # 137 GB, of 4 bytes


@pytest.mark.parametrize(
    "source",
    [CLAIMED, CLAIMED[None], [CLAIMED, CLAIMED], {"attentions": (CLAIMED[None],)}],
    ids=["heads", "layer", "layers", "outputs"],
)
def test_a_broadcast_array_that_claims_more_than_there_is_is_refused_unread(source, monkeypatch):
    monkeypatch.setattr(safe_read, "machine_memory", lambda: 100_000_000_000)
    with pytest.raises(InvalidInputError, match=r"would take .* GB in memory; the limit is 80"):
        read(source)


def test_a_broadcast_array_that_fits_is_read(monkeypatch):
    monkeypatch.setattr(safe_read, "machine_memory", lambda: None)
    assert read(CLAIMED[:, :3, :2], (["a", "b", "c"], ["d", "e"])).shape == (1, 2, 3, 2)
