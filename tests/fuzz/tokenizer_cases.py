"""A run of tokenizer.json mutations, as a script: its process may be limited, or crash.

Writes a line for each case before it runs, and a line for each fault.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections import Counter
from random import Random

from attnviz.errors import AttnvizError, AttnvizWarning
from attnviz.sources.tokenizing import child_process
from attnviz.sources.tokenizing.encode import TextTokenizer
from attnviz.sources.tokenizing.tokenizer_json import parse_tokenizer, tokens_of_ids
from tests.fuzz.loop import case_numbers
from tests.fuzz.mutations import mutate
from tests.fuzz.tokenizer_seeds import seed_documents
from tests.fuzz.trees import change_tree, write_json

SEEDS = seed_documents()
TEXTS = ("the cat sat", "Naïve  中文 -1,234_x! <x> <s> ﷺ\n")
INPUTS = ((TEXTS[0],), TEXTS)
MAX_SECONDS = 2.0  # of the processor, for each input; and more for a file of many megabytes
BYTES_PER_SECOND = 1_500_000  # lists in lists


def make_case(number: int) -> bytes:
    """The content of a mutated file: one to three changes of its tree, or of its bytes."""
    random = Random(f"tokenizer {number}")
    document = random.choice(SEEDS)
    if random.random() < 0.1:
        return mutate(write_json(document, random), random)
    for _ in range(random.choice((1, 1, 2, 3))):
        document = change_tree(document, random)
    return write_json(document, random)


def run_case(content: bytes) -> str:
    """The outcome of loading a file and of encoding and decoding with it."""
    try:
        library = parse_tokenizer(content, "x.json")
        tokenizer = TextTokenizer("x.json", "", lambda texts: library)
        for texts in INPUTS:
            tokens_of_ids(library, tokenizer.encode(*texts).ids[:30])
    except AttnvizError as error:
        text = str(error)
        return "refused" if text.isprintable() and len(text) < 1000 else f"message {text[:200]!r}"
    return "tokens"


def time_case(content: bytes) -> tuple[str, float]:
    """The outcome of a file, and the seconds of the processor that it took."""
    start = time.process_time()
    try:
        outcome = run_case(content)
    except BaseException as error:  # a panic is not an Exception
        outcome = f"{type(error).__name__}: {error}"
    return outcome, time.process_time() - start


def main(n_short: int) -> None:
    """Run the cases and print faults, then the outcomes."""
    warnings.simplefilter("error")
    warnings.simplefilter("ignore", AttnvizWarning)
    child_process.TIME_LIMIT = 0.5
    outcomes = Counter[str]()
    for number in case_numbers(n_short):
        content = make_case(number)
        print(f"case {number}", flush=True)
        limit = MAX_SECONDS * len(INPUTS) + len(content) / BYTES_PER_SECOND
        outcome, seconds = time_case(content)
        if seconds > limit:  # again: a busy machine may have made it slow
            outcome, seconds = time_case(content)
        if seconds > limit:
            outcome = f"took more than {MAX_SECONDS:g} s"
        outcomes[outcome] += 1
        if outcome not in ("tokens", "refused"):
            print(f"fault in case {number}: {outcome:.300}", flush=True)
    print(f"{outcomes['tokens']} tokens, {outcomes['refused']} refused")


if __name__ == "__main__":
    main(int(sys.argv[1]))
