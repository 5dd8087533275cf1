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
from tests.fuzz.loop import case_numbers
from tests.fuzz.mutations import mutate
from tests.fuzz.valid_files import valid_files
from tests.sources.external.hand import npy

WRITERS = ("json", "csv")
N_SHORT = 60  # mutations per reader without it
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
    for number in case_numbers(N_SHORT, 1 / len(FILES)):
        random = Random(f"{name} {number}")
        data = mutate(random.choice(seeds), random)
        try:
            check_outcome(data)
        except Exception as error:
            error.add_note(f"mutation {number} of {name}: {data[:300]!r}")
            raise


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
