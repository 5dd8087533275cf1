"""Sentences of several lengths, for benchmarks of corpora."""

import random

TEXT = (
    "the cat sat on mat while a dog ran over old bridge near river and small house with red door "
    "under tree of life in big city at night by sea for good"
)


def sentences_of_lengths(n=400, fewest=5, most=25):
    """Random sentences of `fewest` to `most` words; the same ones every time."""
    numbers = random.Random(0)
    return [
        " ".join(numbers.choices(TEXT.split(), k=numbers.randint(fewest, most))) for _ in range(n)
    ]
