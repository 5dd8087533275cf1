"""Under a limit of 2 GB a run writes or is refused in one line, whatever the format."""

import json
import subprocess
import sys

import pytest

from attnviz.render.formats import FORMATS

pytest.importorskip("resource", reason="limits the memory of a process")

LIMIT = 2 << 30
# Heads × tokens that are refused, that need much of the limit, and that are fast to write.
TOO_LARGE, LARGE, SMALL = (64, 2000), (16, 2000), (1, 700)
DATA = [row.name for row in FORMATS if row.kind in ("json_document", "csv_table", "parquet")]
ARRAYS = [row.name for row in FORMATS if row.kind == "array_files"]

LIMITED = """
import json, os, resource, sys
limit, requests = json.loads(sys.argv[1])
results = os.fdopen(os.dup(1), "w")  # an error silences standard output
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
from tests.cli.runner import run
for name, (n_head, n_token) in requests:
    text = " ".join(f"w{i % 500}" for i in range(n_token))
    words = ["-", "-f", name, "--heads", str(n_head), "--dim", str(2 * n_head)]
    words += ["-o", os.devnull] if n_head > 1 else []  # the harness would hold the output
    made = run(*words, stdin=text)
    result = [name, [n_head, n_token], made.status, len(made.data), made.err]
    print(json.dumps(result), file=results)
"""


def run_limited(requests):
    """The results of these formats and shapes, in one process with a limit."""
    arguments = [sys.executable, "-c", LIMITED, json.dumps([LIMIT, requests])]
    made = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert made.stderr == ""
    results = [json.loads(line) for line in made.stdout.splitlines()]
    assert [[name, shape] for name, shape, *_ in results] == [[n, list(s)] for n, s in requests]
    return results


def test_what_does_not_fit_is_refused_in_one_line_that_names_the_format():
    for name, _, status, n_byte, err in run_limited([(row.name, TOO_LARGE) for row in FORMATS]):
        assert (status, n_byte) == (2, 0), (name, err)
        assert err.startswith("error: 2000 tokens need about ") and err.count("\n") == 1
        assert f", {name} " in err and "this machine has" in err


def test_what_fits_is_written():
    # Arrow comes last: it reserves address space.
    requests = [(ARRAYS[0], LARGE), *((name, SMALL) for name in ("html", *DATA))]
    for name, shape, status, n_byte, err in run_limited(requests):
        assert (status, err) == (0, ""), (name, shape, err)
        assert shape == list(LARGE) or n_byte > shape[1] ** 2 / 8
