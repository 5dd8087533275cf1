"""A run of random command lines, as a script: its process may be limited, or hang."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
import tempfile
import time
import warnings
from collections import Counter
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np

from attnviz.errors import NOT_PASSED
from tests.cli.runner import Run, run
from tests.fuzz.command_words import FILES, make_words
from tests.fuzz.loop import case_numbers
from tests.sources.documents import bert_document

MAX_SECONDS = 30.0  # of the processor, of a command; --dim 4096 takes 9
MAX_LINES, MAX_LENGTH = 8, 4000  # of standard error
STDIN = (
    None,
    None,
    None,
    "The cat sat\na dog\n",
    "",
    "\x00\n",
    b"\xff\xfe",
    "a\tb\n",
    '{"text": "a"}\n',
)


def make_files() -> dict[str, bytes]:
    """Valid files in the working folder, by name."""
    for name in ("map.json", "map.npz", "map.csv", "map.html"):
        assert run("The cat sat", "-o", name).status == 0
    Path("s.txt").write_text("The cat sat\nthe dog\n\nsat\n")
    Path("pairs.tsv").write_text("The cat\ta dog\nthe\tcat\n")
    Path("t.txt").write_text("The\ncat\nsat\n")
    Path("tokenizer.json").write_text(json.dumps(bert_document()))
    Path("folder").mkdir()
    return {name: Path(name).read_bytes() for name in FILES}


def faults_of(done: Run) -> list[str]:
    """What is wrong with the outcome of a command."""
    faults = []
    if done.status not in (0, 1, 2, 3, NOT_PASSED):
        faults.append(f"status {done.status}")
    if "error: unexpected" in done.err or "Traceback" in done.err:
        faults.append("an unexpected error")
    if done.status and not done.err and not done.data:  # `check` prints what is wrong
        faults.append("no message")
    if done.status == 2 and done.data:
        faults.append("output with misuse")
    if len(done.err) > MAX_LENGTH or done.err.count("\n") > MAX_LINES:
        faults.append("a long message")
    if not done.err.replace("\n", "").isprintable():
        faults.append("an unprintable message")
    if re.search(r"note: .*(Warning|divide|overflow|invalid value)", done.err):
        faults.append("a warning of a library")
    return faults


def faults_on_disk(files: dict[str, bytes], words: list[str]) -> list[str]:
    """Input files that have changed, and files that nobody named. The folder is put in order."""
    faults = []
    outputs = written_names(words)
    for name, content in files.items():
        if Path(name).is_file() and Path(name).read_bytes() == content:
            continue
        if name not in outputs or mentions(words, name) > 1:
            faults.append(f"{name} has changed")
        Path(name).write_bytes(content)
    for path in Path().iterdir():
        if path.name in files or path.name == "folder":
            continue
        if path.name not in outputs:
            faults.append(f"{path.name} is left over")
        path.unlink()
    faults += [f"{path} is left over" for path in Path("folder").iterdir()]
    return faults


def written_names(words: list[str]) -> set[str]:
    """The values of --output."""
    names = {word.partition("=")[2] for word in words if word.startswith("--output=")}
    names |= {b for a, b in pairwise(words) if a in ("-o", "--output")}
    return names | {word[2:] for word in words if word.startswith("-o")}


def mentions(words: list[str], name: str) -> int:
    """How many arguments are this name, or an option with it."""
    return sum(word == name or word.endswith(f"={name}") for word in words)


def run_case(number: int, files: dict[str, bytes]) -> tuple[str, list[str], int | None]:
    """The words of a case, its faults with what was printed, and the status."""
    random = Random(f"command {number}")
    words = make_words(random)
    stdin, tty = random.choice(STDIN), random.random() < 0.2
    start = time.process_time()
    try:
        done = run(*words, stdin=stdin, tty=tty, width=random.choice((80, 20, 1, 300)))
    except BaseException as error:  # the command line should have caught it
        return shlex.join(words), [f"{type(error).__name__}: {error}"], None
    faults = faults_of(done) + faults_on_disk(files, words)
    if time.process_time() - start > MAX_SECONDS:
        faults.append(f"more than {MAX_SECONDS:g} s")
    return shlex.join(words), [f"{fault}: {done.err[:400]!a}" for fault in faults], done.status


def main(n_short: int) -> None:
    """Run the cases and print faults, then the number of each status."""
    warnings.simplefilter("error")
    statuses = Counter[int | None]()
    # The command line redirects standard output to the null device after an error.
    with (
        os.fdopen(os.dup(1), "w") as report,
        tempfile.TemporaryDirectory() as folder,
        np.errstate(all="raise", under="ignore"),
    ):
        os.chdir(folder)
        os.environ.update(TMPDIR=folder, HF_HUB_OFFLINE="1")
        files = make_files()
        for number in case_numbers(n_short):
            print(f"case {number}", file=report, flush=True)
            words, faults, status = run_case(number, files)
            statuses[status] += 1
            for fault in faults:
                print(f"fault in case {number}: {fault} {words[:300]!a}", file=report, flush=True)
        os.chdir("/")
        print(json.dumps(statuses), file=report)


if __name__ == "__main__":
    main(int(sys.argv[1]))
