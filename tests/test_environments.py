"""The same numbers with every BLAS kernel, number of threads, hash seed, locale and time zone."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

PROGRAM = """
import hashlib, io, json, sys, time
from threadpoolctl import threadpool_info
import attnviz
from attnviz.core.seeded_random import draw_weights

text = "The caf\\u00e9 sat on the \\u4e2d mat, " + " ".join(f"word{n % 13}" for n in range(40))

def digest(data):
    return hashlib.sha256(data).hexdigest()

stream = io.BytesIO()
amap = attnviz.look(text, variant="multihead", heads=4, layers=2, dim=256)
for name in ("csv", "json"):
    attnviz.write(amap, stream, format=name, precision=6)
results = {
    "matrix": digest(draw_weights((64, 64), 7, "w_query", 2, 1).astype("<f8").tobytes()),
    "table": digest(stream.getvalue()),
}
model = attnviz.look(text, model="induction").weights[:, :, -1].tolist()
blas = [row for row in threadpool_info() if row["user_api"] == "blas"]
facts = {
    "kernel": blas[0].get("architecture"),
    "encoding": sys.getfilesystemencoding(),
    "hash": hash("text"),
    "hour": time.localtime(0).tm_hour,
}
print(json.dumps([results, model, facts]))
"""
KERNELS = {"Haswell": "avx2", "SkylakeX": "avx512f", "Zen": "avx2", "Prescott": "sse3"}
LOCALES = ("C", "C.UTF-8", "POSIX", "en_US.UTF-8")


def environments():
    """An environment for each kernel that this processor can run; the rest differs as well."""
    cpu = Path("/proc/cpuinfo")
    flags = cpu.read_text().replace("pni", "sse3") if cpu.exists() else ""
    kernels = [kernel for kernel, flag in KERNELS.items() if flag in flags] or list(KERNELS)[:1]
    for i, kernel in enumerate(kernels):
        yield {
            "OPENBLAS_CORETYPE": kernel,
            "OPENBLAS_NUM_THREADS": ("1", "8", "2", "2")[i],
            "PYTHONHASHSEED": str(i),
            "LC_ALL": LOCALES[i],
            "PYTHONUTF8": "0",
            "PYTHONCOERCECLOCALE": "0",
            "TZ": ("UTC", "Asia/Tokyo", "America/Caracas", "Asia/Kolkata")[i],
        }


@pytest.fixture(scope="module")
def outcomes():
    """Digests, weights of a model, and facts of each environment, whose processes run together."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM], env={**os.environ, **changes}, stdout=subprocess.PIPE
        )
        for changes in environments()
    ]
    outputs = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes)
    return [json.loads(output) for output in outputs]


def test_every_environment_has_the_same_seeded_numbers(outcomes):
    """Matrices bit for bit, and weights, which are computed in float64, with six decimals."""
    digests = [digests for digests, _, _ in outcomes]
    assert digests == [digests[0]] * len(digests)


def test_every_environment_has_the_weights_of_a_model_up_to_rounding(outcomes):
    """Models run in float32; scores of sharp heads are large, and so is their rounding."""
    _, first, _ = outcomes[0]
    for _, weights, _ in outcomes:
        np.testing.assert_allclose(weights, first, rtol=0, atol=1e-5)


def test_the_environments_differ(outcomes):
    facts = [facts for _, _, facts in outcomes]
    assert len(facts) > 2
    for name in ("kernel", "hash", "hour", "encoding"):
        assert len({fact[name] for fact in facts}) > 1, name
