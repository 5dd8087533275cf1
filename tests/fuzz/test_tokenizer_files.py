"""Fuzzing: any tokenizer.json gives tokens or an AttnvizError, in 2 s and 2 GB."""

from __future__ import annotations

import re
import time
import warnings

import pytest

from attnviz.errors import InvalidInputError
from attnviz.sources.tokenizing import child_process
from tests.fuzz import tokenizer_cases
from tests.fuzz.loop import SOAK
from tests.fuzz.tokenizer_cases import SEEDS, run_case
from tests.fuzz.trees import write_json
from tests.sources.limited_process import run_limited

N_SHORT = 150
CODE = "import sys; from tests.fuzz.tokenizer_cases import main; main(int(sys.argv[1]))"


class Unchanged:
    """A source of numbers that leaves a document as it is."""

    def random(self):
        return 1.0

    def randrange(self, n):
        return n - 1


@pytest.mark.filterwarnings("ignore::attnviz.errors.AttnvizWarning")
def test_seeds_are_valid():
    assert [run_case(write_json(seed, Unchanged())) for seed in SEEDS] == ["tokens"] * len(SEEDS)


def test_mutations_of_tokenizers_give_tokens_or_an_error():
    done = run_limited(CODE, str(N_SHORT), seconds=30 + int(SOAK))
    lines = done.stdout.splitlines()
    assert done.returncode == 0, (lines[-1:], done.stderr[-500:])
    assert [line for line in lines if line.startswith("fault")] == []
    outcomes = re.fullmatch(r"(\d+) tokens, (\d+) refused", lines[-1])
    assert outcomes and min(int(outcomes[1]), int(outcomes[2])) > N_SHORT / 10, lines[-1]


def broken(content, name):
    raise KeyError(name)


def slow(content, name):
    end = time.process_time() + 0.05
    while time.process_time() < end:
        pass
    raise InvalidInputError("slow")


def unprintable(content, name):
    raise InvalidInputError("\x1b[31m")


@pytest.mark.parametrize(
    ("parse", "fault"),
    [(broken, "KeyError: 'x.json'"), (slow, "took more than 0.01 s"), (unprintable, "message ")],
)
def test_a_fault_is_noticed(monkeypatch, capsys, parse, fault):
    monkeypatch.setattr(tokenizer_cases, "parse_tokenizer", parse)
    monkeypatch.setattr(tokenizer_cases, "MAX_SECONDS", 0.01 if parse is slow else 9.0)
    monkeypatch.setattr(tokenizer_cases, "case_numbers", range)
    monkeypatch.setattr(child_process, "TIME_LIMIT", child_process.TIME_LIMIT)  # put back
    with warnings.catch_warnings():
        tokenizer_cases.main(1)
    assert f"fault in case 0: {fault}" in capsys.readouterr().out
