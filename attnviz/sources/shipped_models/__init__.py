"""Pretrained models that ship with attnviz, so that a first command needs no network.

    induction    two attention layers, trained on repeated random sequences: previous-token heads
                 feed induction heads (arXiv 2209.11895)
    translator   a small encoder-decoder from English to French, for the words of its grammar: its
                 cross-attention is an alignment

tests/training has the scripts that train them.
"""

from __future__ import annotations

from pathlib import Path

SHIPPED_MODELS = {
    "induction": "2 attention layers, trained on repeated random sequences",
    "translator": "English to French, 80 words: cross-attention is an alignment",
}


def find_shipped_folder(name: str) -> Path | None:
    """The folder of a model that ships with attnviz; None for any other name.

    A folder of that name in the current directory takes precedence.
    """
    if name not in SHIPPED_MODELS or Path(name).is_dir():
        return None
    return Path(__file__).parent / name
