"""What a model would write next: the likeliest word, again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.engine.layer_call import Attend
from attnviz.errors import MisuseError
from attnviz.sources.tokenizing.tokenizers import Encoding
from attnviz.sources.transformer.attention import Cache, Looking
from attnviz.sources.transformer.embedding import embedded, word_table
from attnviz.sources.transformer.stack import Tower

if TYPE_CHECKING:
    from attnviz.sources.model.checkpoint import Checkpoint

CHUNK = 8192  # words scored at a time: a vocabulary may be larger than all layers


def generate(checkpoint: Checkpoint, encoding: Encoding, n: int, attend: Attend) -> list[int]:
    """The numbers of the next n words, or fewer where the model ends.

    A decoder goes on with the text; an encoder-decoder writes another. Keys and values of
    what was read are kept, so each step runs one token.
    """
    if "decoder" not in checkpoint.towers:
        raise MisuseError(f"model {checkpoint.name!r} reads text; it does not write any")
    tower, ids = checkpoint.towers["decoder"], list(encoding.ids)
    look = Looking(attend=attend, kind="self", cache=Cache())
    across = None
    if len(checkpoint.towers) > 1:
        hidden = checkpoint.run(encoding, attend)
        across = Looking(attend=attend, kind="cross", source=hidden)
        look = Looking(attend=attend, kind="decoder", cache=Cache())
        ids = [checkpoint.start]
    most = checkpoint.n_position
    if most is not None and len(ids) + n > most:
        raise MisuseError(
            f"{len(ids)} tokens and {n} more are {len(ids) + n}; model {checkpoint.name!r} has "
            f"positions for {most}"
        )
    return written(checkpoint, tower, ids, n, look, across)


def written(
    checkpoint: Checkpoint,
    tower: Tower,
    ids: list[int],
    n: int,
    look: Looking,
    across: Looking | None,
) -> list[int]:
    """What follows on these words."""
    made: list[int] = []
    ends = checkpoint.ends
    n_read = 0
    while len(made) < n:
        x = embedded(tower.row.embedding, tower.weights, ids, [0] * len(ids), n_read)
        hidden = tower.run(x, look, across=across)
        n_read += len(ids)
        best = likeliest(checkpoint, tower, hidden[-1])
        if best in ends:
            break
        made.append(best)
        ids = [best]
    return made


def likeliest(checkpoint: Checkpoint, tower: Tower, hidden: FloatArray) -> int:
    """The word with the highest score; of equals, the first.    [d] -> a word's number

    Scores are not scaled or capped as some families do: that changes no order.
    """
    tensors, family = checkpoint.tensors, checkpoint.family
    heads = [f"{name}.weight" for name in family.head]
    name = next(filter(tensors.find, heads), word_table(tower.row.embedding, tower.weights))
    n_word = tensors.shape(name)[0]
    scores = np.concatenate(
        [
            tensors.rows(name, slice(start, start + CHUNK), hidden.size) @ hidden
            for start in range(0, n_word, CHUNK)
        ]
    )
    if family.head_bias and tensors.find(family.head_bias):
        scores = scores + tensors.get(family.head_bias, (1, n_word))[0]
    return int(scores.argmax())
