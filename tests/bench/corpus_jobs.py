"""Corpora: many sentences in Python, from the command line, and on a cluster."""

import io
import sys
from collections import deque
from functools import partial

from attnviz import look_many
from attnviz.api.look import look
from attnviz.cli.environment import Environment
from attnviz.cli.main import run
from attnviz.render.formats import find_format
from tests.bench import census
from tests.bench.measure import Job, printed, process, program
from tests.bench.other_programs import (
    CORPUS_SCRIPT,
    PYTHON,
    Rival,
    corpus_file,
    minilm,
    temporary,
    text_file,
)
from tests.bench.sentences import sentences_of_lengths

CORPUS = [f"sentence number {n} of a corpus sat on the mat" for n in range(300)]
SENTENCES = sentences_of_lengths(200)
FOUR_HUNDRED = text_file("400", sentences_of_lengths())
JSONL, PARQUET, HEADS = temporary(".jsonl"), temporary(".parquet"), temporary("-heads.json")
NPZ, FOLDER = temporary("-script.npz"), temporary("-maps")


def corpus():
    """Many sentences through the command line."""
    stdin = io.BytesIO("\n".join(CORPUS).encode())
    run(["-f", "jsonl"], Environment(stdin, io.BytesIO(), io.BytesIO(), {}, stdin_is_piped=True))


def corpus_by_hand():
    """The same in a loop: look, write."""
    render = find_format("json").render
    for text in CORPUS:
        render(look(text))


def cluster(n_worker):
    """The seconds that a census takes on a cluster of so many processes."""
    return printed(sys.executable, "-m", "tests.bench.census", str(n_worker))


def script(target):
    """The maps of 400 sentences to a file, by a script with transformers."""
    return process("-c", CORPUS_SCRIPT, minilm(), FOUR_HUNDRED, target, python=str(PYTHON))


def command(*words):
    """The same by attnviz."""
    return program("-i", FOUR_HUNDRED, "-m", minilm(), *words)


CORPORA = (
    Job("300 sentences to JSON Lines", "look and render in a loop", corpus, corpus_by_hand, 1.15),
    Job(
        "400 sentences of 5 to 25 words through MiniLM, all maps",
        "transformers, batches of 32 sorted by length",
        lambda: deque(look_many(sentences_of_lengths(), model=minilm()), maxlen=0),
        Rival("batches"),
        0.8,
        5,
    ),
    Job(
        "1,000 sentences through MiniLM to JSON Lines, --jobs 2",
        "a loop over transformers",
        program("-i", corpus_file(), "-m", minilm(), "--jobs", "2", "-o", JSONL),
        Rival("corpus"),
        0.7,
        5,
        warm=False,
    ),
    Job(
        "heads over 200 sentences to JSON, from the command line",
        "look_many over them",
        program(
            *("heads", "-i", text_file("200", SENTENCES), "-m", minilm()),
            *("-o", HEADS),
        ),
        lambda: deque(look_many(SENTENCES, model=minilm()), maxlen=0),
        3.0,
        5,
    ),
    Job(
        "400 sentences through MiniLM to Parquet, cold",
        "a script with transformers, saved as npz",
        command("-o", PARQUET),
        script(NPZ),
        0.7,
        3,
        warm=False,
        rival=True,
    ),
    Job(
        "400 sentences through MiniLM to Parquet, cold",
        "the same batches in memory, saved as npz",
        command("-o", PARQUET),
        Rival("batches to npz"),
        0.7,
        5,
        warm=False,
    ),
    Job(
        "400 sentences through MiniLM to npz files, cold",
        "the same batches in memory, saved as npz",
        command("-o", f"{FOLDER}-{{n}}.npz"),
        Rival("batches to npz"),
        0.7,
        5,
        warm=False,
    ),
    Job(
        "400 sentences through MiniLM to JSON Lines, cold",
        "a script with transformers, through json",
        command("-o", JSONL),
        script(NPZ + ".jsonl"),
        0.4,
        3,
        warm=False,
        rival=True,
    ),
    Job(
        "400 sentences through MiniLM to JSON Lines, cold",
        "the same batches in memory, through json",
        command("-o", JSONL),
        Rival("batches to json"),
        0.4,
        5,
        warm=False,
    ),
    Job(
        "a census of 10,000 sentences on Dask, two workers",
        "one worker",
        partial(cluster, 2),
        partial(cluster, 1),
        0.6,
        1,
        warm=False,
    ),
    Job(
        "a census of 10,000 sentences on Dask, one worker",
        "the operations of the cost model as matrix products",
        partial(cluster, 1),
        census.product_seconds,
        6.0,
        1,
        warm=False,
    ),
)
