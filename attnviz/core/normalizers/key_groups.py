"""Content-based key groups: softmax over the keys in the hash bucket or cluster of the query."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, WeightPair, dimension_table
from attnviz.core.arrays import BoolArray, FloatArray, IntArray, Shape
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.normalizers import Softmax
from attnviz.core.numerics import unit_vectors
from attnviz.errors import MisuseError


class LshBuckets(Softmax):
    """Locality-sensitive hashing (LSH): keys in the same hash bucket as the query.

    Formula: bucket(x) = argmax [R x; -R x]; a token attends to itself only where its bucket has
    no other visible key
    Paper: 2001.04451 (Reformer; one round of hashing, buckets not cut into chunks)
    """

    name = "lsh"
    aliases = ("same-hash",)
    tunable_aliases: ClassVar = {"buckets": "hash_buckets"}
    limits: ClassVar = {"hash_buckets": (2, inf)}
    hash_buckets: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.hash_buckets % 2:
            raise MisuseError(
                f"{self.name}: hash_buckets={self.hash_buckets} should be even: a bucket for "
                "each row of R, and one for its negative"
            )

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """R [hash_buckets / 2, d]"""
        return {"r_hash": (self.hash_buckets // 2, sizes.d)}

    def restrict_visible(
        self, logits: FloatArray, visible: BoolArray, inputs: Inputs
    ) -> BoolArray:
        """Keys in the query's bucket.    -> [head, query, key]"""
        del logits
        same = visible & equal_labels(
            self.bucket(inputs, inputs.query), self.bucket(inputs, inputs.key)
        )
        others = same & (inputs.grid.q != inputs.grid.k)
        return np.where(others.any(-1, keepdims=True), others, same)

    def selection_lines(self, pair: WeightPair) -> Lines:
        """The bucket of the query and of the key, and whether they are the same"""
        matrix = pair.param("r_hash")
        numbers = []
        for name, vector in (("q", pair.q), ("k", pair.k)):
            row = np.concatenate([matrix @ vector, -(matrix @ vector)])
            table = dimension_table((f"{name} in each bucket", row))
            numbers.append(int(row.argmax()))
            pieces = (f"argmax({name} in each bucket)",)
            yield ArithmeticLine(f"bucket of {name}", pieces, float(numbers[-1]), table)
        same = numbers[0] == numbers[1]
        yield ArithmeticLine(
            "same bucket", ("[", *(numbers[0], " = ", numbers[1]), "]"), float(same)
        )
        selected = float(pair.visible[pair.head, pair.query, pair.key])
        if same and not selected:
            yield ArithmeticLine("selected", (0, " (the bucket has other keys)"), selected)

    def bucket(self, inputs: Inputs, vectors: FloatArray) -> IntArray:
        """[head, token, d] -> [head, token]"""
        projection = inputs.project("r_hash", vectors)
        return np.concatenate([projection, -projection], axis=-1).argmax(-1)


class KMeansClusters(Softmax):
    """k-means routing: keys in the same cluster (nearest learned centroid) as the query.

    Formula: cluster(x) = argmax_c μ_c·n(x), n the layer norm without gains
    Paper: 2003.05997 (Routing Transformer; its implementation makes clusters of equal size)
    """

    name = "k-means"
    aliases = ("same-cluster",)
    limits: ClassVar = {"clusters": (1, inf)}
    clusters: int = 3

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """μ [cluster, d]"""
        return {"centroids": (self.clusters, sizes.d)}

    def restrict_visible(
        self, logits: FloatArray, visible: BoolArray, inputs: Inputs
    ) -> BoolArray:
        """Keys in the query's cluster.    -> [head, query, key]"""
        del logits
        return visible & equal_labels(
            self.cluster(inputs, inputs.query), self.cluster(inputs, inputs.key)
        )

    def selection_lines(self, pair: WeightPair) -> Lines:
        """The cluster of the query and of the key, and whether they are the same"""
        numbers = []
        for name, vector in (("q", pair.q), ("k", pair.k)):
            row = pair.param("centroids") @ unit_vectors(vector - vector.mean())
            table = dimension_table((f"{name} in each cluster", row))
            numbers.append(int(row.argmax()))
            pieces = (f"argmax({name} in each cluster)",)
            yield ArithmeticLine(f"cluster of {name}", pieces, float(numbers[-1]), table)
        same = float(numbers[0] == numbers[1])
        yield ArithmeticLine("same cluster", ("[", *(numbers[0], " = ", numbers[1]), "]"), same)

    def cluster(self, inputs: Inputs, vectors: FloatArray) -> IntArray:
        """[head, token, d] -> [head, token]"""
        # The argmax does not depend on the length, so that the norm needs no epsilon.
        centred = unit_vectors(vectors - vectors.mean(-1, keepdims=True))
        return inputs.project("centroids", centred).argmax(-1)


def equal_labels(of_query: IntArray, of_key: IntArray) -> BoolArray:
    """Pairs with the same label.    [head, query], [head, key] -> [head, query, key]"""
    return of_query[:, :, None] == of_key[:, None, :]


PARTS: tuple[type[Softmax], ...] = (LshBuckets, KMeansClusters)
