"""Build the byte-level BPE that ships with attnviz, from the text beside this script.

    python tests/training/train_bpe.py

Training is deterministic: the same text gives the same file, and a test holds them together.
"""

from __future__ import annotations

import json
from pathlib import Path

TEXT = Path(__file__).with_name("bpe_text.txt")
SHIPPED = Path(__file__).parents[2] / "attnviz" / "sources" / "tokenizing" / "bpe.json"
N_PIECE = 256 + 1500  # every byte, then the merges


def build(text: str) -> str:
    """A tokenizer.json: pieces and merges learned from `text`, one line of it at a time."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    learner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=N_PIECE,
        min_frequency=2,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    learner.train_from_iterator(text.splitlines(), trainer)
    return json.dumps(json.loads(learner.to_str()), ensure_ascii=False, indent=0) + "\n"


if __name__ == "__main__":
    SHIPPED.write_text(build(TEXT.read_text(encoding="utf-8")), encoding="utf-8")
