"""Content looks at content, content at places, and places at content."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, log
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import FloatArray, IntArray, Shape
from attnviz.core.part import Inputs, Part, Sizes
from attnviz.core.scores import Factors, Score


class Disentangled(Score):
    """What a token says and how far away it stands are compared apart.

    Formula: q·k + q·p(δ) + k·r(δ), δ = i - j clipped to ±farthest; with `log_buckets` > 0,
    far distances share that many buckets. Scale by 1/√(3d) to keep the spread of q·k/√d;
    `terms` leaves out q·p ("content-to-place") or k·r ("place-to-content").
    Paper: 2006.03654 (DeBERTa), with log buckets 2111.09543
    """

    name = "disentangled"
    formula = "q·k + q·p(i-j) + k·r(i-j)"
    limits: ClassVar = {"farthest": (2, inf), "log_buckets": (0, inf)}
    choices: ClassVar = {"terms": ("both", "content-to-place", "place-to-content", "neither")}
    farthest: int = 512
    log_buckets: int = 0
    terms: str = "both"

    @property
    def span(self) -> int:
        """How many places there are on each side."""
        return self.log_buckets or self.farthest

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """p [2 span, d], r [2 span, d]"""
        names = {"content-to-place": "place_key", "place-to-content": "place_query"}
        wanted = [name for term, name in names.items() if self.terms in (term, "both")]
        return dict.fromkeys(wanted, (2 * self.span, sizes.d))

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        place = self.places(inputs)
        logits = inputs.query @ inputs.key.swapaxes(-1, -2)
        if self.terms in ("both", "content-to-place"):
            looks = inputs.query @ inputs.param("place_key").swapaxes(-1, -2)
            logits = logits + np.take_along_axis(looks, wide(place, looks), -1)
        if self.terms in ("both", "place-to-content"):
            seen = inputs.key @ inputs.param("place_query").swapaxes(-1, -2)
            at = wide(place.swapaxes(-1, -2), seen)
            logits = logits + np.take_along_axis(seen, at, -1).swapaxes(-1, -2)
        return logits

    def places(self, inputs: Inputs) -> IntArray:
        """Which place each key has, seen from each query.    -> [1, query, key]"""
        distance = (inputs.grid.q - inputs.grid.k)[0]
        if self.log_buckets:
            distance = log_bucket(distance, self.log_buckets, self.farthest)
        return np.clip(distance + self.span, 0, 2 * self.span - 1)[None]

    def factors(self, inputs: Inputs, head: int, query: int, key: int) -> Factors:
        """q, and for each term of places q or k again; k, and the places p and r"""
        at = self.places(inputs)[0, query, key]
        q, k = inputs.query[head, query], inputs.key[head, key]
        pairs = [("q", q, "k", k)]
        if self.terms in ("both", "content-to-place"):
            pairs.append(("q", q, "p", inputs.param("place_key")[head, at]))
        if self.terms in ("both", "place-to-content"):
            pairs.append(("k", k, "r", inputs.param("place_query")[head, at]))
        names, firsts, others, seconds = zip(*pairs, strict=True)
        return (
            (",".join(names), np.concatenate(firsts)),
            (",".join(others), np.concatenate(seconds)),
        )


def wide(place: IntArray, looks: FloatArray) -> IntArray:
    """The same places for each head.    [1, a, b], [head, a, place] -> [head, a, b]"""
    return np.broadcast_to(place, (looks.shape[0], *place.shape[1:]))


def log_bucket(distance: IntArray, n_bucket: int, farthest: int) -> IntArray:
    """Distances up to half the buckets stay, farther ones are put together.    [...] -> [...]

    >>> log_bucket(np.array([-511, -3, 0, 128, 300]), 256, 512).tolist()
    [-255, -3, 0, 128, 207]
    """
    middle = n_bucket // 2
    steps = np.maximum(np.abs(distance), middle)
    ratio = np.log(steps / middle) / log((farthest - 1) / middle)
    far = np.ceil(ratio.astype(np.float32) * (middle - 1)).astype(int) + middle
    return np.where(np.abs(distance) <= middle, distance, np.sign(distance) * far)


PARTS: tuple[type[Part], ...] = (Disentangled,)
