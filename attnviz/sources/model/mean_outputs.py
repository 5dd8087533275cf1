"""Mean outputs of heads over a corpus: what mean ablation replaces a head by."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.errors import MisuseError
from attnviz.record import Record


class MeanOutputs(Record, eq=False):
    """The mean output of each head before W_O, over all tokens of some texts.

    Shapes: layers: each [head, d]
    """

    layers: tuple[FloatArray, ...]
    n_text: int
    n_token: int

    def replacements(self, heads: list[FloatArray]) -> list[FloatArray]:
        """The mean of each head at every token, for heads of a text.

        Raises MisuseError for heads of another model.
        Shapes: each [head, token, d] -> the same
        """
        own = [(len(mean), mean.shape[-1]) for mean in self.layers]
        wanted = [(len(output), output.shape[-1]) for output in heads]
        if own != wanted:
            raise MisuseError(
                "the mean outputs are those of another model or kind of attention: "
                f"{len(own)} layers of {own[0][0]} heads, not {len(wanted)} of {wanted[0][0]}"
            )
        return [
            np.broadcast_to(mean[:, None], output.shape).astype(output.dtype)
            for mean, output in zip(self.layers, heads, strict=True)
        ]


def average_outputs(texts: Iterable[list[FloatArray]]) -> MeanOutputs:
    """The mean over the tokens of all texts, special tokens included, of the heads by layer.

    Raises MisuseError without a text.
    Shapes: of each text and layer [head, token, d]
    """
    sums: list[FloatArray] = []
    n_text, n_token = 0, 0
    for heads in texts:
        new = [output.sum(1, dtype=np.float64) for output in heads]
        sums = new if not sums else [a + b for a, b in zip(sums, new, strict=True)]
        n_text, n_token = n_text + 1, n_token + heads[0].shape[1]
    if not n_text:
        raise MisuseError("mean outputs need at least one text")
    return MeanOutputs(tuple(a / n_token for a in sums), n_text, n_token)
