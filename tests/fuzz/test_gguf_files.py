"""Fuzzing: any GGUF file gives attention or an AttnvizError, without a warning, in 3 s."""

from __future__ import annotations

import time
from random import Random

import numpy as np
import pytest

from attnviz.errors import AttnvizError
from attnviz.sources.model.checkpoint import open_checkpoint
from tests.fuzz.loop import case_numbers
from tests.fuzz.mutations import mutate
from tests.sources.gguf_writer import Kind, write_gguf
from tests.sources.reference import attend_unrecorded
from tests.sources.test_gguf_tokenizers import byte_bpe, from_sentencepiece, word_pieces

N_SHORT = 120
TEXT = "the cat 12 <s>"
SECONDS = 3.0  # of one case, on a busy machine
SEEDS = {  # family -> architecture, kind of its matrices, and tokenizer
    "llama": ("llama", Kind.Q8_0, lambda: from_sentencepiece("llama", "llama", bos_token_id=1)),
    "gpt2": ("gpt2", Kind.F16, lambda: byte_bpe("gpt2", ("<|endoftext|>",), "gpt-2")),
    "bert": ("bert", Kind.Q4_0, lambda: word_pieces("wordpiece")),
    "mixtral": ("llama", Kind.BF16, lambda: from_sentencepiece("gemma", "llama")),
}


@pytest.fixture(scope="module")
def seeds(tmp_path_factory):
    """Small files with a tokenizer; ids beyond the table of embeddings are refused."""
    folder = tmp_path_factory.mktemp("seeds")
    for family, (architecture, kind, tokenizer) in SEEDS.items():
        values = {key: stored(value) for key, value in tokenizer().items()}
        n = len(values["tokenizer.ggml.tokens"])
        table = np.random.default_rng(0).normal(size=(n, 32), scale=0.3)
        path, tensors = folder / f"{family}.gguf", {"token_embd.weight": table}
        write_gguf(path, family, architecture, kind=kind, metadata=values, tensors=tensors)
    return [(folder / f"{family}.gguf").read_bytes() for family in SEEDS]


def stored(value):
    """A value as the writer of GGUF files takes it."""
    return value.tolist() if isinstance(value, np.ndarray) else value


def run_case(path):
    """Whether a file gives attention; False: it is refused in one line."""
    try:
        model = open_checkpoint(str(path))
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            model.run(model.encode(TEXT), attend_unrecorded)
    except AttnvizError as error:
        assert "\n" not in str(error) and str(error).isprintable()
        return False
    return True


def test_seeds_are_valid(seeds, tmp_path):
    for number, content in enumerate(seeds):
        path = tmp_path / f"{number}.gguf"
        path.write_bytes(content)
        assert run_case(path)


@pytest.mark.filterwarnings("ignore::attnviz.errors.AttnvizWarning")
def test_mutations_of_gguf_files_give_attention_or_an_error(seeds, tmp_path):
    outcomes = []
    for number in case_numbers(N_SHORT):
        random = Random(number)
        path = tmp_path / f"{number}.gguf"  # a name of its own: an earlier file is still mapped
        path.write_bytes(mutate(random.choice(seeds), random))
        start = time.process_time()
        outcomes.append(run_case(path))
        path.unlink()
        assert time.process_time() - start < SECONDS, number
    assert min(outcomes.count(True), outcomes.count(False)) > N_SHORT / 20
