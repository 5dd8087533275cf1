"""pytorch_model.bin: tensors are read as torch stores them, and nothing is imported or called."""

from __future__ import annotations

import io
import json
import os
import pickle
import shutil
import struct
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

import attnviz
from attnviz.errors import CouldNotError, InvalidInputError
from attnviz.sources.checkpoint import pickle_reader
from attnviz.sources.checkpoint.strided_tensor import StridedTensor
from attnviz.sources.checkpoint.torch_file import FUNCTIONS, NAMES, map_torch_file
from attnviz.sources.model.checkpoint import open_checkpoint
from tests import torch_files
from tests.sources.reference import MODELS
from tests.torch_files.writer import (
    Pickle,
    legacy_file,
    pickle_of,
    save,
    save_legacy,
    zip_file,
)

SAVED = Path(torch_files.__path__[0])  # by torch 2.13


def ramp(*shape):
    return (np.arange(np.prod(shape)) % 7 - 3).reshape(shape).astype(np.float32) / 8


ARRAYS = {
    "matrix": ramp(3, 4),
    "half": ramp(5),
    "bfloat": ramp(4, 3),
    "transposed": ramp(4, 6).T,
    "window": ramp(10, 6)[2:5, 1:5],
    "double": ramp(2),
    "scalar": np.float32(3.5),
    "first": ramp(6)[:3],
    "last": ramp(6)[3:],
    "parameter": ramp(2, 2),
    "empty": np.zeros((0, 3)),
}


def read(path):
    return {name: tensor.read() for name, tensor in map_torch_file(path) if tensor.is_readable}


@pytest.mark.parametrize("file", ["new.bin", "old.bin"])
def test_files_of_torch_are_read_exactly(file):
    tensors = read(SAVED / file)
    assert tensors.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert np.array_equal(tensors[name], array) and tensors[name].dtype == np.float32, name


def test_a_checkpoint_of_a_training_run_holds_its_tensors_under_a_key():
    assert read(SAVED / "lightning.bin").keys() == {"matrix", "half"}


@pytest.mark.parametrize("file", ["new.bin", "old.bin"])
def test_parts_of_a_transposed_tensor_are_read(file):
    tensors = dict(map_torch_file(SAVED / file))
    assert isinstance(tensors["transposed"], StridedTensor)
    whole = ARRAYS["transposed"]
    assert np.array_equal(tensors["transposed"].read((slice(None), slice(1, 3))), whole[:, 1:3])
    assert np.array_equal(tensors["transposed"].at(2).read(), whole[2])


@pytest.mark.parametrize("write", [save, save_legacy])
def test_files_of_the_writer_are_read(write, tmp_path):
    arrays = {"a": ramp(2, 3), "b": ramp(3, 2).T, "c": np.array([0x3FC0], np.uint16)}
    (tmp_path / "x.bin").write_bytes(write(arrays))
    tensors = read(tmp_path / "x.bin")
    assert np.array_equal(tensors["a"], arrays["a"])
    assert np.array_equal(tensors["b"], arrays["b"])
    assert tensors["c"].tolist() == [1.5]


@pytest.mark.parametrize("write", [save, save_legacy])
@pytest.mark.parametrize("name", ["bert", "gpt2", "t5"])
def test_a_checkpoint_in_this_form_runs_as_in_the_other(name, write, tmp_path):
    folder = tmp_path / name
    shutil.copytree(MODELS / name, folder)
    (folder / "model.safetensors").unlink()
    tensors = load_file(MODELS / name / "model.safetensors")
    (folder / "pytorch_model.bin").write_bytes(write(tensors))
    there = attnviz.look("the cat", model=str(MODELS / name))
    here = attnviz.look("the cat", model=str(folder))
    # arrays that begin at other addresses are multiplied in another order on some processors
    assert np.abs(here.weights - there.weights).max() < 1e-6
    assert here.meta["dtype"] == there.meta["dtype"]


def test_a_divided_checkpoint_is_read(tmp_path):
    folder = tmp_path / "bert"
    shutil.copytree(MODELS / "bert", folder)
    (folder / "model.safetensors").unlink()
    tensors = list(load_file(MODELS / "bert" / "model.safetensors").items())
    names = ("pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin")
    index = folder / "pytorch_model.bin.index.json"
    for name, part in zip(names, (tensors[:9], tensors[9:]), strict=True):
        (folder / name).write_bytes(save(dict(part)))
    table = {key: names[i >= 9] for i, (key, _) in enumerate(tensors)}
    index.write_text(json.dumps({"weight_map": table}))
    assert open_checkpoint(str(folder)).tensors.by_name.keys() == dict(tensors).keys()
    (folder / names[1]).unlink()
    with pytest.raises(CouldNotError, match=r"00002.bin', which pytorch_model.bin.index.json"):
        open_checkpoint(str(folder))
    index.write_text(json.dumps({"weight_map": {"a": "model.safetensors"}}))
    with pytest.raises(InvalidInputError, match=r"should be a \.bin file in the same folder"):
        open_checkpoint(str(folder))


def test_safetensors_come_first(tmp_path):
    folder = tmp_path / "bert"
    shutil.copytree(MODELS / "bert", folder)
    (folder / "pytorch_model.bin").write_bytes(b"damaged")
    assert open_checkpoint(str(folder)).files.weights[0].name == "model.safetensors"


class Command:
    """What a hostile pickle calls."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


def tensor(*arguments, kind="Float"):
    return Pickle().put(b"}").text("x").tensor("0", kind, *arguments).put(b"s").end()


def deep(n, code):
    return Pickle().put(b")" + code * n).end()


HOSTILE = {
    "system": (pickle.dumps({"x": Command(os.system, "touch harm")}, 2), "import posix.system"),
    "eval": (pickle.dumps(Command(eval, "1"), 2), r"import __builtin__\.eval"),
    "getattr": (Pickle().name("torch", "load").put(b")R").end(), "import torch.load"),
    "os": (Pickle().name("os", "system").text("x").put(b"\x85R").end(), "import os.system"),
    "control": (Pickle().name("a\x1b[31m", "b").end(), "import a"),
    "call of text": (Pickle().text("x").put(b")R").end(), "would call what is no function"),
    "call of a dtype": (
        Pickle().name("torch", "FloatStorage").put(b")R").end(),
        "would call what is no function",
    ),
    "protocol 4": (pickle.dumps({"x": 1}, 4), "protocol 4 is not supported"),
    "instance": (Pickle().put(b"(ios\nsystem\n").end(), "INST is not one of"),
    "new object": (Pickle().put(b"))\x81").end(), "NEWOBJ is not one of"),
    "stack global": (Pickle().text("os").text("system").put(b"\x93").end(), "STACK_GLOBAL is"),
    "set state": (Pickle().text("x").put(b"}b").end(), "a dict is missing"),
    "deep tuples": (deep(20_000, b"\x85"), "holds no dict of tensors"),
    "deep lists": (Pickle().put(b"]" * 20_000).end(), "holds no dict of tensors"),
    "deep keys": (Pickle().put(b"})" + b"q\0h\0\x86" * 60 + b"Ns").end(), "neither text nor an"),
    "many marks": (Pickle().put(b"(" * 20_000).end(), "the stack is empty"),
    "memo": (Pickle().put(b"h\5").end(), "the memo has no entry 5"),
    "huge text": (Pickle().put(b"X\xff\xff\xff\x7f").end(), "2,147,483,647 bytes are missing"),
    "negative text": (Pickle().put(b"T\xff\xff\xff\xff").end(), "-1 bytes are missing"),
    "huge integer": (Pickle().put(b"\x8a\xff" + bytes(255)).end(), "an integer of 255 bytes"),
    "long name": (Pickle().put(b"c" + b"a" * 1000 + b"\nb\n").end(), "a name is too long"),
    "not UTF-8": (Pickle().put(b"X\1\0\0\0\xff").end(), "a text is not UTF-8"),
    "empty stack": (Pickle().put(b"0").end(), r"operation \\x30 is not one of"),
    "no stop": (bytes(Pickle().put(b"}")), "1 bytes are missing"),
    "odd items": (Pickle().put(b"}(K\1u").end(), "a key without a value"),
    "list key": (Pickle().put(b"}]Ns").end(), "neither text nor an integer"),
    "other id": (Pickle().put(b"N\x85Q").end(), "is not that of a storage"),
    **{
        f"id of a {kind}": (Pickle().put(key).end(), "is not that of a storage")
        for kind, key in {
            "module": b"(X\6\0\0\0moduleNNNNtQ",  # before "storage" by letter, and after it
            "tensor": b"(X\6\0\0\0tensorNNNNtQ",
            "few": b"(X\7\0\0\0storageNNNtQ",
            "many": b"(X\7\0\0\0storageNNNNNNtQ",
        }.items()
    },
    "text id": (Pickle().text("a").put(b"Q").end(), "a persistent id is no tuple"),
    "huge storage": (tensor(1 << 62, 0, [2], [1]), "no type, key or size"),
    "view": (
        Pickle().put(b"}").text("x").tensor("0", "Float", 4, 0, [2], [1], b"K\1").put(b"s").end(),
        "views of storages",
    ),
    "too many elements": (tensor(4, 0, [5], [1]), "element 4 is outside of its storage of 4"),
    "offset": (tensor(4, 3, [2], [1]), "element 4 is outside"),
    "huge offset": (tensor(4, 1 << 60, [2], [1]), "no storage, offset, shape"),
    "negative offset": (tensor(4, -1, [2], [1]), "no storage, offset, shape"),
    "stride": (tensor(4, 0, [2], [4]), "element 4 is outside"),
    "negative stride": (tensor(4, 3, [2], [-1]), "should be numbers of elements"),
    "huge shape": (tensor(4, 0, [1 << 60], [0]), "should be numbers of elements"),
    "overlap": (tensor(4, 0, [2, 2], [1, 1]), "its elements overlap"),
    "expanded": (tensor(4, 0, [2, 4], [0, 1]), "its elements overlap"),
    "million fold": (tensor(4, 0, [1 << 40], [0]), "its elements overlap"),
    "rank": (tensor(4, 0, [1] * 17, [1] * 17), "at most 16"),
    "other strides": (tensor(4, 0, [1, 1], [1]), "should have the same length"),
    "short storage": (tensor(5, 0, [5], [1]), "its storage is too short"),
    "no tensors": (Pickle().put(b"}").text("x").put(b"Ns").end(), "holds no tensors by name"),
    "parameter": (
        Pickle().name("torch._utils", "_rebuild_parameter").put(b")R").end(),
        "a parameter has no tensor",
    ),
    "full dict": (Pickle().name("collections", "OrderedDict").put(b"]\x85R").end(), "arguments"),
}


# Refused before, for the storages or the pickle that follows.
OTHER_IN_LEGACY = ("view", "short storage", "deep tuples", "deep lists", "no tensors", "no stop")


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_pickle_is_refused_and_nothing_runs(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content, message = HOSTILE[case]
    list(map_torch_file(SAVED / "new.bin"))
    modules = set(sys.modules)
    for name, data in (
        ("zip.bin", zip_file(content, {"0": bytes(16)})),
        ("legacy.bin", legacy_file(content, {"0": (4, bytes(16))})),
    ):
        Path(name).write_bytes(data)
        if name == "legacy.bin" and case in OTHER_IN_LEGACY:
            message = "is not a torch.save file of tensors"
        with pytest.raises(InvalidInputError, match=message) as caught:
            list(map_torch_file(Path(name)))
        assert str(caught.value).isprintable() and len(str(caught.value)) < 400
    assert set(os.listdir()) == {"zip.bin", "legacy.bin"}  # noqa: PTH208
    new = {name for name in set(sys.modules) - modules if not name.startswith("encodings.")}
    assert new == set()


def test_a_hostile_pickle_runs_where_it_is_unpickled(tmp_path, monkeypatch):
    """The same pickle is harmful: the test above would notice."""
    monkeypatch.chdir(tmp_path)
    pickle.loads(HOSTILE["system"][0])
    assert Path("harm").exists()


def test_names_stand_for_functions_of_this_package_only():
    modules = {function.__module__ for function in FUNCTIONS.values()}
    assert modules == {"attnviz.sources.checkpoint.torch_file"}
    assert all(name in FUNCTIONS or isinstance(value, str) for name, value in NAMES.items())


def test_a_pickle_is_limited_in_bytes_and_operations(tmp_path, monkeypatch):
    path = tmp_path / "x.bin"
    path.write_bytes(zip_file(Pickle().put(b"]" * 2000).end(), {}))
    monkeypatch.setattr(pickle_reader, "MAX_OPERATIONS", 1000)
    with pytest.raises(InvalidInputError, match="more than 1,000 operations"):
        list(map_torch_file(path))
    monkeypatch.setattr(pickle_reader, "MAX_BYTES", 500)
    with pytest.raises(InvalidInputError, match="or the pickle is too long"):
        list(map_torch_file(path))


def member(data, name, change):
    """The zip file with the bytes of a member changed."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        start = archive.getinfo(name).header_offset
    return data[:start] + change(data[start:])


PICKLE = pickle_of({"x": ramp(2, 2)})
GOOD = zip_file(PICKLE, {"0": bytes(16)})
DAMAGED = {
    "empty": (b"", "not a torch.save file"),
    "text": (b"version https://git-lfs", "neither a zip file nor a pickle"),
    "cut": (GOOD[:-40], "its zip directory is damaged or cut off"),
    "compressed": (
        zip_file(PICKLE, {"0": bytes(16)}, compression=zipfile.ZIP_DEFLATED),
        "is compressed, encrypted or damaged",
    ),
    "no pickle": (GOOD.replace(b"data.pkl", b"data.pkI"), "0 members called data.pkl"),
    "no storage": (zip_file(PICKLE, {}), "tensor 'x': its storage is not in the file"),
    "big endian": (zip_file(PICKLE, {"0": bytes(16)}, order=b"big"), "not little-endian"),
    "header": (
        member(GOOD, "archive/data/0", lambda d: b"XX" + d[2:]),
        "is compressed, encrypted or damaged",
    ),
    "outside": (
        member(GOOD, "archive/data/0", lambda d: d[:28] + b"\xff\xff" + d[30:]),
        "is compressed, encrypted or damaged",
    ),
    "legacy, cut": (save_legacy({"x": ramp(2, 2)})[:-1], "has another size, or is cut off"),
    "legacy, size": (legacy_file(pickle_of({"x": ramp(4)}, b"N"), {"0": (3, bytes(12))}), "size"),
    "legacy, none": (legacy_file(pickle_of({"x": ramp(4)}, b"N"), {}), "is not in the file"),
    "legacy, key": (
        legacy_file(pickle_of({"x": ramp(4)}, b"N"), {"7": (4, bytes(16))}),
        "storage '7' is that of no tensor",
    ),
    "legacy, big": (legacy_file(PICKLE, {"0": (4, bytes(16))}, little=False), "little-endian"),
    "legacy, old": (legacy_file(PICKLE, {"0": (4, bytes(16))}, protocol=1000), "protocol 1000"),
    "tar": (b"x.tar" + bytes(600), "neither a zip file nor a pickle"),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_file_is_refused(case, tmp_path):
    content, message = DAMAGED[case]
    (tmp_path / "x.bin").write_bytes(content)
    with pytest.raises(InvalidInputError, match=message) as caught:
        list(map_torch_file(tmp_path / "x.bin"))
    assert str(caught.value).isprintable()


def test_two_members_of_one_name_are_refused(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        stream = io.BytesIO(GOOD)
        with zipfile.ZipFile(stream, "a") as archive:
            archive.writestr("archive/data/0", bytes(16))
    (tmp_path / "x.bin").write_bytes(stream.getvalue())
    with pytest.raises(InvalidInputError, match="two members 'archive/data/0'"):
        list(map_torch_file(tmp_path / "x.bin"))


def test_an_unaligned_storage_is_read(tmp_path):
    """The form before torch 1.6 stores at any byte."""
    data = struct.pack("<4f", 1, 2, 3, 4)
    for name in ("x", "xy", "xyz", "xyzw"):
        path = tmp_path / "x.bin"
        path.write_bytes(legacy_file(pickle_of({name: ramp(4)}, b"N"), {"0": (4, data)}))
        assert read(path)[name].tolist() == [1, 2, 3, 4]
