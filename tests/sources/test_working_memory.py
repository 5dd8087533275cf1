"""The memory in which weights are computed: measured peaks beside the estimates.

Peaks are those of a process that returns freed arrays to the system at once.
"""

import json
import os
import subprocess
import sys

import pytest

import attnviz
from attnviz.core.engine.working_memory import count_arrays, count_working_numbers
from attnviz.core.variants import VARIANTS, find_variant
from attnviz.sources.memory import activation_bytes
from attnviz.sources.model import run_model
from attnviz.sources.seeded import run_seeded
from tests.cli.runner import run

N_TOKEN, N_HEAD = 220, 4
SLOW = {"milk", "mocha", "constrained-sparsemax"}  # like monotonic, constrained-softmax
WHOLE = [name for name in VARIANTS if not find_variant(name).row_local and name not in SLOW]
OTHERS = ["cope", "log-cpb"]  # in blocks, of more arrays than others
MEASURE = """
import json, sys
import attnviz
from attnviz.sources.seeded import run_seeded

def memory(what):
    with open("/proc/self/status") as file:
        return 1024 * next(int(line.split()[1]) for line in file if line.startswith(what))

estimates = []
run_seeded.check_memory = lambda estimate, *_, **__: estimates.append(estimate)
n_token, n_head, *names = json.loads(sys.argv[1])
text = " ".join(f"w{i % 97}" for i in range(n_token))
for name in names:
    heads = {} if name == "fourier" else {"heads": n_head}
    attnviz.look("a b c", variant=name, layers=1, **heads)  # imports what it needs
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    before = memory("VmRSS")
    attnviz.look(text, variant=name, layers=1, **heads)
    print(json.dumps([name, memory("VmHWM") - before, estimates[-1].total]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of a process from /proc")
def test_mechanisms_need_what_is_estimated():
    names = [*WHOLE, *OTHERS]
    made = subprocess.run(
        [sys.executable, "-c", MEASURE, json.dumps([N_TOKEN, N_HEAD, *names])],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"MALLOC_MMAP_THRESHOLD_": "65536"},
    )
    measured = [json.loads(line) for line in made.stdout.splitlines()]
    assert [name for name, *_ in measured] == names and len(WHOLE) > 35
    for name, peak, estimate in measured:
        assert peak <= 1.5 * estimate and estimate <= 2.5 * peak, (name, peak, estimate)


@pytest.mark.parametrize("name", ["delta", "sinkhorn", "selective"])
def test_the_whole_matrix_is_counted_and_refused_before_it_is_computed(name, monkeypatch):
    whole, blocks = find_variant(name), find_variant("sparsemax")
    assert count_working_numbers(whole, 4, 9000, 9000, 2) >= 5 * 4 * 9000 * 9000
    assert count_working_numbers(blocks, 4, 9000, 9000, 2) < 4 * 9000 * 9000
    monkeypatch.setattr(run_seeded, "machine_memory", lambda: 1_000_000_000)
    monkeypatch.setattr(run_seeded.SeededPass, "run", None)
    text = " ".join(["a"] * 3000)
    made = run("-", "-v", name, "--heads", "4", "--pool", "10", stdin=text)
    assert made.status == 2 and made.out == ""
    assert "error: 3000 tokens need about 1.5 GB (layer" in made.err
    assert (
        "has 1.0 GB. A layer is computed with all its heads: shorten the text or use" in made.err
    )


def test_overrides_of_a_model_are_counted(monkeypatch):
    estimates = []
    monkeypatch.setattr(run_model, "check_memory", lambda estimate, *_: estimates.append(estimate))
    for options in ({}, {"normalize": "sinkhorn"}, {"normalize": "sinkhorn", "at": 1}):
        attnviz.look("red blue red", model="induction", **options)
    own, everywhere, in_one = (estimate.activations for estimate in estimates)
    assert own < everywhere == in_one


def test_steps_of_a_product_multiply_its_arrays():
    one, three = (find_variant("delta-product").with_tunables(householders=n) for n in (1, 3))
    assert (count_arrays(one), count_arrays(three)) == (5, 33)


def test_blocks_are_counted_for_the_threads_that_run(monkeypatch):
    """Not for all processors of a machine of which a container may use some."""
    needs = []
    for n_thread in ("1", "4"):
        monkeypatch.setenv("OMP_NUM_THREADS", n_thread)
        needs.append(activation_bytes([find_variant("sparsemax")], 4, 9000, 9000, 4))
    assert needs[1] == 4 * needs[0]
