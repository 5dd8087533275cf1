"""The revision and the fingerprint of a model's weights are in the metadata of its maps."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import attnviz
from attnviz.sources.model.weights_version import PART, find_revision, fingerprint

MODEL = Path(__file__).parent.parent / "models" / "bert"


@pytest.fixture
def copy(tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(MODEL, folder)
    return folder


def meta_of(folder):
    return attnviz.look("the cat", model=str(folder)).meta


def test_a_copy_has_the_fingerprint_and_other_weights_another(copy):
    original = meta_of(MODEL)
    assert original["fingerprint"].startswith("sha256:") and "revision" not in original
    assert meta_of(copy)["fingerprint"] == original["fingerprint"]
    path = copy / "model.safetensors"
    tensors = load_file(path)
    name = sorted(tensors)[-1]
    tensors[name] = np.asarray(tensors[name] * 2)
    save_file(tensors, path)
    os.utime(path, (0, 0))
    assert meta_of(copy)["fingerprint"] != original["fingerprint"]


def test_the_revision_is_the_commit_of_the_snapshot(copy, tmp_path):
    commit = "0123456789abcdef0123456789abcdef01234567"
    folder = tmp_path / "models--a--b" / "snapshots" / commit
    folder.parent.mkdir(parents=True)
    copy.rename(folder)
    assert meta_of(folder)["revision"] == commit
    assert find_revision((Path("snapshots") / "main" / "model.safetensors",)) is None


@pytest.mark.parametrize("at", [0, 2 * PART, 4 * PART - 1])
def test_the_fingerprint_covers_start_middle_and_end(at, tmp_path):
    data = bytearray(4 * PART)
    (tmp_path / "a").write_bytes(data)
    data[at] = 1
    (tmp_path / "b").write_bytes(data)
    assert fingerprint((tmp_path / "a",)) != fingerprint((tmp_path / "b",))
    assert fingerprint((tmp_path / "a",)) != fingerprint((tmp_path / "a", tmp_path / "b"))
