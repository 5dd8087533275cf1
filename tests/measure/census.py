"""Writes census/*.csv, the heads of two pretrained models: python -m tests.measure.census"""

from __future__ import annotations

from pathlib import Path

from tests.checkpoints.minilm import folder
from tests.checkpoints.smollm2 import REPEATED, path
from tests.cli.runner import run

FOLDER = Path(__file__).parent / "census"
MEASURES = (
    "entropy,effective-keys,distance,positional-share,agreement,sink,"
    "previous-token-without-sink,duplicate-token-without-sink,induction-without-sink"
)
CASES = {  # name: the model, and a sentence with repetitions
    "minilm": (lambda: str(folder()), "A rose is a rose is a rose"),
    "smollm2": (lambda: str(path()), REPEATED),
}


def census(name: str) -> bytes:
    """The table of a model as CSV."""
    model, text = CASES[name]
    made = run("heads", text, "--model", model(), "--measure", MEASURES, "-f", "csv")
    assert made.status == 0, made.err
    return made.data


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in CASES:
        (FOLDER / f"{name}.csv").write_bytes(census(name))
