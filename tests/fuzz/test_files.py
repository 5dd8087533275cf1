"""Fuzzing: any bytes give a map or an AttnvizError."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnviz.errors import AttnvizError
from attnviz.render.formats import find_format
from attnviz.sources.external import array_files, read
from attnviz.sources.external.readers import READERS
from tests.cli.runner import run
from tests.conftest import make_map
from tests.fuzz.command_cases import faults_of
from tests.fuzz.loop import case_numbers
from tests.fuzz.mutations import mutate
from tests.fuzz.valid_files import valid_files
from tests.sources.external.handmade_files import npy

WRITERS = ("json", "csv")
N_SHORT = 60  # mutations per reader without it
N_COMMAND = 60  # commands without it
FILES = valid_files()


def check_outcome(data):
    """Whatever the bytes are: a map that can be written, or an error with its one line."""
    try:
        amap = read(data)
        assert np.isfinite(amap.weights).all()
        for name in WRITERS if amap.weights.size < 1000 else ():
            find_format(name).render(amap)
    except AttnvizError as error:
        assert str(error).isprintable()
        assert len(str(error)) < 1000


@pytest.mark.parametrize("name", FILES)
def test_mutations_of_valid_files_are_read_or_refused(name):
    seeds = FILES[name]
    assert seeds, f"no valid file for the reader {name}: add one to mutations.py"
    for number in case_numbers(N_SHORT, 0.5 / len(FILES)):
        random = Random(f"{name} {number}")
        data = mutate(random.choice(seeds), random)
        try:
            check_outcome(data)
        except Exception as error:
            error.add_note(f"mutation {number} of {name}: {data[:300]!r}")
            raise


FORMATS = (
    "table",
    "table",
    "json",
    "csv",
    "html",
    "npz",
    "parquet",
    "safetensors",
    "svg",
    "jsonl",
)
VIEWS = ("auto", "matrix", "lines", "text", "overview", "rows")


def make_command(path, random):
    """A command that reads a file, with one other option or none."""
    command = random.choice(("render", "render", "diff", "check"))
    words = [command, path]
    if command == "diff":
        words.insert(random.choice((1, 2)), path if random.random() < 0.5 else f"{path}.valid")
    elif command == "check":
        words += random.choice(([], ["--causal"], ["--window", "2"], ["--signed"]))
    else:
        words += ["-f", random.choice(FORMATS)]
        words += random.choice(([], [], ["--view", random.choice(VIEWS)], ["--layer", "0"]))
    return words


def test_commands_print_mutations_or_refuse_them(tmp_path):
    path = tmp_path / "attention"
    valid = find_format("json").render(make_map(text="The cat sat"))
    (tmp_path / "attention.valid").write_bytes(valid)
    names = sorted(FILES)
    for number in case_numbers(N_COMMAND, 0.5):
        random = Random(f"file command {number}")
        data = mutate(random.choice(FILES[random.choice(names)]), random)
        path.write_bytes(data)
        words = make_command(str(path), random)
        done = run(*words, stdin=None)
        assert faults_of(done) == [], (number, words, done.err[:500], data[:300])
        assert path.read_bytes() == data and len(list(tmp_path.iterdir())) == 2


def test_every_reader_is_fuzzed():
    assert set(FILES) == {row.name for row in READERS}


@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data):
    check_outcome(data)


@pytest.mark.parametrize("kind", [KeyError, ValueError, SystemError, RuntimeWarning])
def test_another_error_is_noticed(kind, monkeypatch):
    def broken(data, selection):
        raise kind("weights")

    monkeypatch.setattr(array_files, "read_npy", broken)
    with pytest.raises(kind):
        check_outcome(npy(np.eye(2)))


def test_mutations_are_read_and_refused_by_every_reader():
    """Mutations that only made invalid files, or only valid ones, would find nothing."""
    for name, seeds in FILES.items():
        outcomes = set()
        for number in range(N_SHORT):
            random = Random(f"{name} {number}")
            try:
                read(mutate(random.choice(seeds), random))
                outcomes.add("map")
            except AttnvizError:
                outcomes.add("error")
            if len(outcomes) == 2:
                break
        assert outcomes == ({"error"} if name == "pickle" else {"map", "error"}), name
