"""Fuzzing: any tokenizer folder without a tokenizer.json gives tokens or an AttnvizError."""

from __future__ import annotations

import shutil
import time
import warnings
from random import Random

import pytest

from attnviz.errors import AttnvizError, AttnvizWarning
from attnviz.sources.tokenizing import tokenizer_folder
from attnviz.sources.tokenizing.tokenizers import find_tokenizer
from tests.fuzz.loop import case_numbers
from tests.fuzz.mutations import mutate
from tests.tokenizers.folders import FOLDERS, make_folder

N_SHORT = 120
MAX_SECONDS = 4.0


def run_case(number, parent):
    """The outcome of one folder with one file changed: "tokens" or "refused"."""
    random = Random(f"tokenizer folder {number}")
    folder = make_folder(random.choice(sorted(FOLDERS)), parent / str(number))
    path = random.choice(sorted(folder.iterdir()))
    path.write_bytes(mutate(path.read_bytes(), random))
    start = time.process_time()
    try:
        find_tokenizer(str(folder)).encode("The cat sat")
        outcome = "tokens"
    except AttnvizError as error:
        assert str(error).isprintable() and len(str(error)) < 1000
        outcome = "refused"
    assert time.process_time() - start < MAX_SECONDS
    shutil.rmtree(parent / str(number))
    return outcome


def test_mutations_of_tokenizer_folders_give_tokens_or_an_error(tmp_path):
    outcomes = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AttnvizWarning)
        for number in case_numbers(N_SHORT):
            outcomes.append(run_case(number, tmp_path))
    assert min(map(outcomes.count, ("tokens", "refused"))) > N_SHORT / 20


def test_another_error_is_noticed(tmp_path, monkeypatch):
    def broken(folder):
        raise KeyError(str(folder))

    monkeypatch.setattr(tokenizer_folder, "find_tokenizer_files", broken)
    with pytest.raises(KeyError):
        run_case(0, tmp_path)
