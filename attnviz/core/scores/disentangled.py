"""Disentangled attention (DeBERTa): content-to-content, content-to-position and back."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, log
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import FloatArray, IntArray, Shape
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.part import Part
from attnviz.core.scores import Factors, Score
from attnviz.errors import MisuseError

OLD_TERMS = {"content-to-place": "c2p", "place-to-content": "p2c", "neither": "none"}


class Disentangled(Score):
    """Disentangled attention: content-to-content, content-to-position, position-to-content.

    Formula: q·k + q·p(δ) + k·r(δ), δ = i - j clipped to [-n, n - 1], n = max_distance; with
    `log_buckets` > 0, distances share n = log_buckets buckets per side, logarithmic beyond
    half of them. `terms` "c2p" keeps q·p (content-to-position) only, "p2c" k·r
    (position-to-content) only, "none" neither. Scale by 1/√(3d) to keep the variance of
    q·k/√d.
    Paper: 2006.03654 (DeBERTa), with log buckets 2111.09543
    """

    name = "disentangled"
    formula = "q·k + q·p(i-j) + k·r(i-j)"
    tunable_aliases: ClassVar = {"farthest": "max_distance"}
    limits: ClassVar = {"max_distance": (2, inf), "log_buckets": (0, inf)}
    choices: ClassVar = {"terms": ("both", "c2p", "p2c", "none")}
    max_distance: int = 512
    log_buckets: int = 0
    terms: str = "both"

    def __post_init__(self) -> None:
        self.__dict__["terms"] = OLD_TERMS.get(self.terms, self.terms)
        super().__post_init__()
        if self.log_buckets == 1:
            raise MisuseError(f"{self.name}: log_buckets=1 should be 0 (none) or at least 2")

    @property
    def n_product(self) -> int:
        """1 and the number of position terms"""
        return 1 + {"both": 2, "none": 0}.get(self.terms, 1)

    @property
    def span(self) -> int:
        """Number of distinct distances per side."""
        return self.log_buckets or self.max_distance

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """p [2 span, d], r [2 span, d]"""
        names = {"c2p": "place_key", "p2c": "place_query"}  # names seed the values: kept
        used = [name for term, name in names.items() if self.terms in (term, "both")]
        return dict.fromkeys(used, (2 * self.span, sizes.d))

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        index = self.distance_index(inputs)
        logits = inputs.query @ inputs.key.swapaxes(-1, -2)
        if self.terms in ("both", "c2p"):
            c2p = inputs.query @ inputs.param("place_key").swapaxes(-1, -2)
            logits = logits + np.take_along_axis(c2p, repeat_for_heads(index, c2p), -1)
        if self.terms in ("both", "p2c"):
            p2c = inputs.key @ inputs.param("place_query").swapaxes(-1, -2)
            transposed = repeat_for_heads(index.swapaxes(-1, -2), p2c)
            logits = logits + np.take_along_axis(p2c, transposed, -1).swapaxes(-1, -2)
        return logits

    def distance_index(self, inputs: Inputs) -> IntArray:
        """Row of p and r for the distance of each pair.    -> [1, query, key]"""
        distance = (inputs.grid.q - inputs.grid.k)[0]
        if self.log_buckets:
            distance = log_bucket(distance, self.log_buckets, self.max_distance)
        return np.clip(distance + self.span, 0, 2 * self.span - 1)[None]

    def factors(self, inputs: Inputs, head: int, query: int, key: int) -> Factors:
        """q, and q or k again per position term; k, then p or r per position term"""
        index = self.distance_index(inputs)[0, query, key]
        q, k = inputs.query[head, query], inputs.key[head, key]
        pairs = [("q", q, "k", k)]
        if self.terms in ("both", "c2p"):
            pairs.append(("q", q, "p", inputs.param("place_key")[head, index]))
        if self.terms in ("both", "p2c"):
            pairs.append(("k", k, "r", inputs.param("place_query")[head, index]))
        left_names, left, right_names, right = zip(*pairs, strict=True)
        return (
            (",".join(left_names), np.concatenate(left)),
            (",".join(right_names), np.concatenate(right)),
        )


def repeat_for_heads(index: IntArray, scores: FloatArray) -> IntArray:
    """The same indices for each head.    [1, a, b], [head, a, distance] -> [head, a, b]"""
    return np.broadcast_to(index, (scores.shape[0], *index.shape[1:]))


def log_bucket(distance: IntArray, n_bucket: int, max_distance: int) -> IntArray:
    """DeBERTa's log buckets: exact up to n_bucket / 2, then logarithmic.    [...] -> [...]

    >>> log_bucket(np.array([-511, -3, 0, 128, 300]), 256, 512).tolist()
    [-255, -3, 0, 128, 207]
    """
    middle = n_bucket // 2
    size = np.maximum(np.abs(distance), middle)
    ratio = np.log(size / middle) / log((max_distance - 1) / middle)
    far = np.ceil(ratio.astype(np.float32) * (middle - 1)).astype(int) + middle
    return np.where(np.abs(distance) <= middle, distance, np.sign(distance) * far)


PARTS: tuple[type[Part], ...] = (Disentangled,)
