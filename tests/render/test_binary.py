"""Array files: read by NumPy and safetensors, deterministic bytes."""

from __future__ import annotations

import json
import sys
from io import BytesIO
from zipfile import ZipFile

import numpy as np
import pytest

from attnviz.errors import CouldNotError
from attnviz.render.data import array_files as binary
from attnviz.render.style import Style
from tests.conftest import HOSTILE, make_map


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
    with np.load(BytesIO(binary.npz(amap, Style())), allow_pickle=False) as archive:
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


def test_words_stand_beside_the_arrays():
    said = json.loads(npz(full_map())["document"].item())
    assert [token["piece"] for token in said["keys"]] == list(HOSTILE)
    assert said["meta"] == {"seed": 3}
    assert "weights" not in said


def test_only_what_is_there_is_kept():
    assert set(npz(make_map())) == {"weights", "layers", "heads", "queries", "keys", "document"}


def test_members_carry_no_clock_and_no_machine():
    with ZipFile(BytesIO(binary.npz(make_map(), Style()))) as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {member.create_system for member in archive.infolist()} == {3}


def test_safetensors_reads_the_tensors():
    from safetensors import deserialize
    from safetensors.numpy import load

    amap = full_map()
    made = binary.safetensors(amap, Style())
    assert np.array_equal(load(made)["weights"], amap.weights)
    assert load(made)["visible"].dtype == bool
    assert {name for name, _ in deserialize(made)} == set(binary.map_arrays(amap))
    size = int.from_bytes(made[:8], "little")
    said = json.loads(json.loads(made[8 : 8 + size])["__metadata__"]["document"])
    assert [token["label"] for token in said["queries"]] == list(HOSTILE)


def test_without_safetensors_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(CouldNotError, match=r"pip install 'attnviz\[models\]'"):
        binary.safetensors(make_map(), Style())
