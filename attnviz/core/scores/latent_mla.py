"""Scores whose queries and keys are put together from smaller or shared pieces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import FloatArray, IntArray, Shape
from attnviz.core.part import Inputs, Sizes
from attnviz.core.positions import Rope
from attnviz.core.scores import Score


class Latent(Score):
    """Keys are unpacked from a small latent that all heads share; position has keys of its own.

    Formula: (q·U c + R_i q'·R_j k') / √(d + rope_width), c = W x_j, q' = W' x_i a head's own,
    k' = W″ x_j shared by all heads, R the rotation of a place
    Paper: 2405.04434 (x falls back to query and key; values come from c too)
    """

    name = "latent"
    head_local = False  # learned numbers of the first head serve all
    formula = "(q·Uc + q′·k′)/√(d+rope), c = Wx"
    limits: ClassVar = {"latent": (1, 65536), "rope_width": (2, 65536)}
    latent: int = 8
    rope_width: int = 4

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """W [latent, d_model], U [d, latent], W' and W″ [rope_width, d_model]"""
        return {
            "w_latent": (self.latent, sizes.d_model),
            "u_latent": (sizes.d, self.latent),
            "w_query_turned": (self.rope_width, sizes.d_model),
            "w_key_turned": (self.rope_width, sizes.d_model),
        }

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        grid, source = inputs.grid, inputs.key_source
        packed = source @ inputs.param("w_latent")[:1].swapaxes(1, 2)
        key = inputs.project("u_latent", packed)
        far_query = turned(inputs.project("w_query_turned", inputs.query_source), grid.q)
        far_key = turned(source @ inputs.param("w_key_turned")[:1].swapaxes(1, 2), grid.k)
        scores = inputs.query @ key.swapaxes(1, 2) + far_query @ far_key.swapaxes(1, 2)
        return scores / np.sqrt(inputs.query.shape[-1] + self.rope_width)


class TensorProduct(Score):
    """Queries and keys are means of a few products: a head's factor times a shared vector.

    Formula: q·k, q_h = Σ_r a_hr b_r / rank, a = A x_i, b = B x_i; keys alike
    Paper: 2501.06425 (ranks 6 and 2; x falls back to query and key)
    """

    name = "tensor-product"
    head_local = False  # learned numbers of the first head serve all
    formula = "q·k, qₕ = Σ_r a_hr b_r / rank"
    limits: ClassVar = {"query_rank": (1, 1024), "key_rank": (1, 1024)}
    query_rank: int = 6
    key_rank: int = 2

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """A head's rows of A [rank, d_model], and B [rank · d, d_model] for all heads"""
        return {
            "a_query": (self.query_rank, sizes.d_model),
            "b_query": (self.query_rank * sizes.d, sizes.d_model),
            "a_key": (self.key_rank, sizes.d_model),
            "b_key": (self.key_rank * sizes.d, sizes.d_model),
        }

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        query = self.product(inputs, inputs.query_source, "query")
        key = self.product(inputs, inputs.key_source, "key")
        return query @ key.swapaxes(1, 2)

    def product(self, inputs: Inputs, source: FloatArray, side: str) -> FloatArray:
        """Σ_r a_r b_r / rank.    [head | 1, token, d_model] -> [head, token, d]"""
        factors = inputs.project(f"a_{side}", source)  # [head, token, rank]
        shared = source @ inputs.param(f"b_{side}")[:1].swapaxes(1, 2)
        rank = factors.shape[-1]
        vectors = shared.reshape(*shared.shape[:2], rank, -1)
        return (factors[:, :, None] @ vectors)[:, :, 0] / rank


class Collaborative(Score):
    """All heads score in one shared space; each only weighs its dimensions in its own way.

    Formula: Σ_c m_hc q_c k_c, q and k all heads' projections side by side
    Paper: 2006.16362 (without its content bias; m_h = 1 on the head's own part gives back
    ordinary heads)
    """

    name = "collaborative"
    head_local = False  # learned numbers of the first head serve all
    formula = "q diag(mₕ) k, q and k of all heads"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """m [head · d]"""
        return {"m_collaborative": (sizes.n_head * sizes.d,)}

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        query, key = (np.concatenate(list(v), axis=-1) for v in (inputs.query, inputs.key))
        return (query * inputs.param("m_collaborative")[:, None]) @ key.T


def turned(vectors: FloatArray, places: IntArray) -> FloatArray:
    """Vectors, turned by their places.    [head | 1, token, d] -> [head | 1, token, d]"""
    return Rope().turn(vectors, places.reshape(-1), "query")


PARTS = (Latent, TensorProduct, Collaborative)
