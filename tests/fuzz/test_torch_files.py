"""Fuzzing: any bytes of a torch.save file give tensors within the file, or an AttnvizError."""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path
from random import Random

import pytest

from attnviz.errors import AttnvizError
from attnviz.sources.checkpoint import pickle_reader
from attnviz.sources.checkpoint.torch_file import map_torch_file
from tests import torch_files
from tests.fuzz.loop import case_numbers
from tests.fuzz.mutations import change_bytes
from tests.torch_files.writer import zip_file

N_SHORT = 200
SEEDS = sorted(Path(torch_files.__path__[0]).glob("*.bin"))
CODES = b"()NKMJXTUGRbQsuatetd]}qrhjc.\x85\x86\x87\x88\x89\x8a\x80\x81\x93io0"


def change_operation(data, random):
    """One byte of the file that is an operation, replaced by another operation."""
    places = [i for i, byte in enumerate(data[:3000]) if byte in CODES]
    place = random.choice(places or [0])
    return data[:place] + bytes([random.choice(CODES)]) + data[place + 1 :]


def change_pickle(data, random):
    """A zip file whose pickle is changed, with right checksums; of another file, its start."""
    change = random.choice((change_operation, change_bytes))
    if not data.startswith(b"PK"):
        return change(data[:1500], random) + data[1500:]
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {info.filename: archive.read(info) for info in archive.infolist()}
        content = next(value for name, value in members.items() if name.endswith("/data.pkl"))
    except Exception:  # an earlier change
        return change_bytes(data, random)
    storages = {n.rpartition("/")[2]: v for n, v in members.items() if "/data/" in n}
    return zip_file(change(content, random), storages)


def run_case(number, path):
    """The outcome of one file: "tensors" or "refused"."""
    random = Random(f"torch file {number}")
    data = random.choice(SEEDS).read_bytes()
    for _ in range(random.choice((1, 1, 2))):
        data = random.choice((change_pickle, change_pickle, change_bytes))(data, random)
    path.write_bytes(data)
    try:
        for _, tensor in map_torch_file(path):
            if tensor.is_readable:
                assert tensor.read().nbytes <= 8 * len(data)
    except AttnvizError as error:
        assert str(error).isprintable() and len(str(error)) < 1000
        return "refused"
    return "tensors"


def test_mutations_of_torch_files_give_tensors_or_an_error(tmp_path):
    run_case(0, tmp_path / "x.bin")
    modules = set(sys.modules)
    outcomes = [run_case(n, tmp_path / "x.bin") for n in case_numbers(N_SHORT)]
    assert min(map(outcomes.count, ("tensors", "refused"))) > N_SHORT / 10
    new = {name for name in set(sys.modules) - modules if not name.startswith("encodings.")}
    assert new == set()
    assert [path.name for path in tmp_path.iterdir()] == ["x.bin"]


def test_another_error_is_noticed(tmp_path, monkeypatch):
    def broken(reader, code):
        raise KeyError(code)

    monkeypatch.setattr(pickle_reader.PickleReader, "run", broken)
    with pytest.raises(KeyError):
        for number in range(20):
            run_case(number, tmp_path / "x.bin")
