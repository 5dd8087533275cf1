"""Small files that would take gigabytes: read in a process that may take 2 GB."""

from __future__ import annotations

import os

import pytest

from attnviz.sources import safe_read
from attnviz.sources.external.readers import READERS
from tests.sources.external.bombs import BOMBS
from tests.sources.limited_process import run_limited

SOAK = float(os.environ.get("ATTNVIZ_SOAK", "0"))
MEMORY = 2_000_000_000
READ = """
import sys, warnings
from attnviz.errors import AttnvizError
from attnviz.sources.external import read, readers
warnings.simplefilter("error")
reached = "none"
find_reader = readers.find_reader
def find_and_note(data):
    global reached
    reader = find_reader(data)
    reached = reader.name
    return reader
readers.find_reader = find_and_note
for path in sys.argv[1:]:
    try:
        result = "map", read(path).weights.shape
    except AttnvizError as error:
        result = type(error).__name__, str(error)
    print(reached, *result, flush=True)
"""
SMALL = [name for name in BOMBS if not name.endswith(", large")]
LARGE = [name for name in BOMBS if name.endswith(", large")]


def check_bombs(names, folder, seconds=20):
    """Each bomb of some groups is a map or one clear error; returns the readers reached."""
    bombs = {(name, bomb): build for name in names for bomb, build in BOMBS[name].items()}
    paths = [folder / str(number) for number in range(len(bombs))]
    for path, build in zip(paths, bombs.values(), strict=True):
        path.write_bytes(build())
    process = run_limited(READ, *map(str, paths), memory=MEMORY, seconds=seconds * len(paths))
    lines = [line.partition(" ") for line in process.stdout.splitlines()]
    assert process.returncode == 0, (list(bombs)[len(lines)], process.stderr[-2000:])
    for bomb, (_, _, line) in zip(bombs, lines, strict=True):
        assert line.startswith(("map (", "InvalidInputError ")), (bomb, line)
        assert "Unable to allocate" not in line, (bomb, line)
        assert len(line) < 600, (bomb, line)
    return {reader for reader, _, _ in lines}


def test_small_bombs_are_refused_or_read_in_little_memory(tmp_path):
    formats = {row.name for row in READERS} - {"pickle"}  # refused unread
    assert formats <= check_bombs(SMALL, tmp_path)


@pytest.mark.parametrize("name", LARGE)
def test_files_just_below_the_limits_are_refused_or_read(name, tmp_path):
    if not SOAK:
        pytest.skip("takes minutes: set ATTNVIZ_SOAK=seconds")
    check_bombs([name], tmp_path, seconds=90)


def test_without_a_budget_the_process_runs_out_of_memory(tmp_path):
    path = tmp_path / "uint8.safetensors"
    path.write_bytes(BOMBS["safetensors"]["uint8"]())
    unlimited = "from attnviz.sources import safe_read; safe_read.BUDGET = 1 << 60\n"
    process = run_limited(unlimited + READ, str(path), memory=MEMORY)
    assert "CouldNotError 'uint8.safetensors': there is not enough memory" in process.stdout


def test_the_budget_of_large_files_is_a_multiple_of_their_size():
    assert safe_read.memory_budget(10) == safe_read.BUDGET
    assert safe_read.memory_budget(1 << 30) == safe_read.GROWTH << 30
