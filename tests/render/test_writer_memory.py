"""Each format needs the memory that it states: measured peaks beside the estimates."""

import io
import json
import subprocess
import sys
import tracemalloc

import numpy as np
import pyarrow
import pytest

from attnviz.api import write as api_write
from attnviz.api import writer_memory
from attnviz.api.write import write
from attnviz.cli.output.render import render_text
from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Token
from attnviz.errors import MisuseError
from attnviz.render.formats import FORMATS, find_format
from attnviz.sources.seeded import run_seeded
from tests.cli.runner import environment, run
from tests.conftest import make_map

# tracemalloc makes matplotlib slow: figures are measured in a process, of like formats one.
FIGURES = ("png", "svg", "pdf", "gif")
LIKE_FIGURES = ("eps", "jpg", "webp", "apng")
# Heads, tokens, whether some pairs are masked; of text that holds an object for each weight, less.
GRID = ((1, 16, False), (3, 260, True))
SMALL_GRID = ((1, 16, False), (3, 110, True))
VERBOSE = ("vega-lite", "tex", "md")
GRIDS = {**dict.fromkeys(VERBOSE, SMALL_GRID), "tikz": ((1, 16, False), (3, 50, True))}


def map_of(n_head, n_token, masked):
    """A map of random weights."""
    weights = np.random.default_rng(0).random((1, n_head, n_token, n_token), dtype=np.float32)
    visible = np.tril(np.ones((n_token, n_token), bool)) if masked else None
    tokens = tuple(Token.of(f"t{i % 97}") for i in range(n_token))
    return AttentionMap(tokens, tokens, weights if visible is None else weights * visible, visible)


def write_to_nowhere(row, amap):
    """Write a map and keep nothing of it."""
    if row.name == "table":
        render_text(environment(), row.render(amap), plain=True)
        return
    for _ in row.chunks(amap):
        pass


def measure_peak(row, amap):
    """The peak of Python's memory and Arrow's while a map is written."""
    pool = pyarrow.default_memory_pool()
    tracked = pyarrow.proxy_memory_pool(pool)
    pyarrow.set_memory_pool(tracked)
    tracemalloc.start()
    try:
        write_to_nowhere(row, amap)
        return tracemalloc.get_traced_memory()[1] + tracked.max_memory()
    finally:
        tracemalloc.stop()
        pyarrow.set_memory_pool(pool)


def require_estimate_fits(row, shape, peak):
    n_head, n_token, _ = shape
    estimate = row.writer_bytes(n_head, n_token, n_token)
    assert peak <= 1.5 * estimate, (row.name, shape, peak, estimate)
    assert estimate <= 3 * peak + row.fixed_bytes, (row.name, shape, peak, estimate)


@pytest.mark.parametrize(
    "row", [r for r in FORMATS if r.name not in (*FIGURES, *LIKE_FIGURES)], ids=lambda r: r.name
)
def test_a_format_needs_what_it_states(row):
    write_to_nowhere(row, make_map())  # imports what it needs
    for shape in GRIDS.get(row.name, GRID):
        require_estimate_fits(row, shape, measure_peak(row, map_of(*shape)))


MEASURE = """
import json, sys
from tests.render.test_writer_memory import find_format, make_map, map_of, write_to_nowhere

def memory(what):
    with open("/proc/self/status") as file:
        return 1024 * next(int(line.split()[1]) for line in file if line.startswith(what))

for name in sys.argv[1:]:
    write_to_nowhere(find_format(name), make_map("ab", n_head=2))
for name in sys.argv[1:]:
    for shape in ((2, 16, False), (1, 512, True))[: 2 if name == "png" else 1]:
        amap = map_of(*shape)
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
        before = memory("VmRSS")
        write_to_nowhere(find_format(name), amap)
        print(json.dumps([name, shape, memory("VmHWM") - before]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of a process from /proc")
def test_figures_need_what_they_state():
    made = subprocess.run(
        [sys.executable, "-c", MEASURE, *FIGURES], capture_output=True, text=True, check=True
    )
    peaks = [json.loads(line) for line in made.stdout.splitlines()]
    assert {name for name, _, _ in peaks} == set(FIGURES)
    for name, shape, peak in peaks:
        require_estimate_fits(find_format(name), shape, peak)


def test_more_than_the_writer_can_have_is_refused_before_anything_is_computed(monkeypatch):
    monkeypatch.setattr(run_seeded, "machine_memory", lambda: 40_000_000)
    monkeypatch.setattr(run_seeded.SeededPass, "run", None)
    made = run("a b c", "-f", "svg")
    assert made.status == 2 and made.out == ""
    assert made.err == (
        "error: 3 tokens need about 64.0 MB (layer 0 B, activations 18.9 kB, maps 216 B, svg 64.0 "
        "MB); this machine has 40.0 MB. Write npz instead of svg. Select fewer layers and heads "
        "(--layer, --head) or shorten the text\n"
    )


def test_the_format_that_needs_most_is_counted(monkeypatch):
    counted = []
    monkeypatch.setattr(
        run_seeded, "check_memory", lambda estimate, *_, **__: counted.append(estimate)
    )
    assert run("a b c", "--pool", "2", "-f", "csv").status == 0
    (estimate,) = counted
    assert (estimate.format, estimate.maps) == ("csv", 6 * 4 * 2 * 2)
    assert estimate.writer == find_format("csv").writer_bytes(4, 2, 2)


@pytest.mark.parametrize("name", ["png", "csv"])
def test_a_map_from_elsewhere_is_refused_too(name, tmp_path, monkeypatch):
    monkeypatch.setattr(writer_memory, "machine_memory", lambda: 12_000_000)
    with pytest.raises(MisuseError, match=f"{name} needs about .* this machine has 12.0 MB"):
        write(make_map(), tmp_path / f"a.{name}")
    assert not list(tmp_path.iterdir())
    assert api_write.check_writer_memory is writer_memory.check_writer_memory
    write(make_map(), io.BytesIO(), format="npz")
