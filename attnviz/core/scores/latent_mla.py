"""Multi-head latent attention (MLA), tensor product attention, collaborative heads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, Pair, Piece, products
from attnviz.core.arrays import FloatArray, IntArray, Shape
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.positions import Rope
from attnviz.core.scores import Score


class MultiHeadLatent(Score):
    """Multi-head latent attention (MLA): keys from a low-rank latent, and decoupled RoPE.

    Formula: (q·U c + R_i q'·R_j k') / √(d + rope_dim), c = n(W x_j) of `latent_dim` dimensions
    shared by all heads, q = U' c' and q' = W' c' per head with c' = n(W‴ x_i) of
    `query_latent_dim` dimensions shared by all heads, k' = W″ x_j shared by all heads, n the RMS
    norm, R_i the RoPE rotation of position i. With query_latent_dim 0, q is the query and
    q' = W' x_i. Without `rotated`, R_i = 1: no position encoding (2510.26692).
    Values are V c per head, where no values are given.
    Paper: 2405.04434 (x is query or key where the layer's input is unknown)
    """

    name = "mla"
    aliases = ("latent",)
    tunable_aliases: ClassVar = {"latent": "latent_dim", "rope_width": "rope_dim"}
    head_local = False  # all heads use the shared parameters of head 0
    formula = "(q·Uc + q′·k′)/√(d+rope), c = Wx"
    value_formula = "V c"
    limits: ClassVar = {
        "latent_dim": (1, 65536),
        "rope_dim": (0, 65536),
        "query_latent_dim": (0, 65536),
    }
    latent_dim: int = 8
    rope_dim: int = 4
    query_latent_dim: int = 12
    rotated: bool = True

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """W [latent_dim, d_model], U [d, latent_dim], W″ [rope_dim, d_model], W' from c'"""
        width = self.query_latent_dim or sizes.d_model
        shapes: dict[str, Shape] = {  # names seed the values: kept
            "w_latent": (self.latent_dim, sizes.d_model),
            "u_latent": (sizes.d, self.latent_dim),
        }
        if self.rope_dim:
            shapes["w_query_turned"] = (self.rope_dim, width)
            shapes["w_key_turned"] = (self.rope_dim, sizes.d_model)
        if self.query_latent_dim:
            shapes["w_query_latent"] = (self.query_latent_dim, sizes.d_model)
            shapes["u_query_latent"] = (sizes.d, self.query_latent_dim)
        return shapes

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        (query, key), *rotated = self.vector_pairs(inputs)
        scores = query @ key.swapaxes(1, 2)
        for rope_query, rope_key in rotated:
            scores = scores + rope_query @ rope_key.swapaxes(1, 2)
        return scores / np.sqrt(inputs.query.shape[-1] + self.rope_dim)

    def explain_lines(self, pair: Pair) -> Lines:
        """q·U c, q'·k' after their rotation, and the scaled sum"""
        content, *rotated = (
            (q[pair.head, pair.query], k[pair.head % len(k), pair.key])
            for q, k in self.vector_pairs(pair.inputs)
        )
        terms = [products("content", ("q", content[0]), ("Uc", content[1]))]
        r = "R " if self.rotated else ""
        terms += [products("rope", (f"{r}q′", q), (f"{r}k′", k)) for q, k in rotated]
        yield from terms
        total = sum(term.value for term in terms)
        inner: tuple[Piece, ...] = (terms[0].value,)
        inner += tuple(piece for term in terms[1:] for piece in (" + ", term.value))
        root = (") / √(", pair.q.size, " + ", self.rope_dim, ")")
        value = total / float(np.sqrt(pair.q.size + self.rope_dim))
        yield ArithmeticLine("score", ("(", *inner, *root), value)

    def vector_pairs(self, inputs: Inputs) -> list[tuple[FloatArray, FloatArray]]:
        """Queries and keys of content, and with rope_dim those that are rotated.

        Shapes: [head, query, d], [head, key, d] -> pairs [head, query, n], [head | 1, key, n]
        """
        grid, source = inputs.grid, inputs.key_source
        key = inputs.project("u_latent", self.latent(inputs))
        query, query_source = inputs.query, inputs.query_source
        if self.query_latent_dim:
            compress = inputs.param("w_query_latent")[:1].swapaxes(1, 2)
            query_source = rms_norm(query_source @ compress)
            query = inputs.project("u_query_latent", query_source)
        pairs = [(query, key)]
        if self.rope_dim:
            rope_query: FloatArray = inputs.project("w_query_turned", query_source)
            rope_key: FloatArray = source @ inputs.param("w_key_turned")[:1].swapaxes(1, 2)
            if self.rotated:
                rope_query = rotate_by_position(rope_query, grid.q)
                rope_key = rotate_by_position(rope_key, grid.k)
            pairs.append((rope_query, rope_key))
        return pairs

    def latent(self, inputs: Inputs) -> FloatArray:
        """c of each key, shared by all heads.    -> [1 | head, key, latent_dim]"""
        compress = inputs.param("w_latent")[:1].swapaxes(1, 2)
        return rms_norm(inputs.key_source @ compress)

    def value_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """V [d, latent_dim]"""
        return {"v_latent": (sizes.d, self.latent_dim)}

    def compute_values(self, inputs: Inputs) -> FloatArray:
        """V c    -> [head, key, d]"""
        return inputs.project("v_latent", self.latent(inputs))


class TensorProduct(Score):
    """Tensor product attention (TPA): queries and keys from contextual low-rank factors.

    Formula: q·k, q_h = Σ_r a_hr R_i b_r / rank, a = A x_i per head, b = B x_i shared by all
    heads, R_i the RoPE rotation of position i; k likewise from x_j, and v without R, where no
    values are given
    Paper: 2501.06425 (ranks 6 and 2; x is query or key where the layer's input is unknown)
    """

    name = "tensor-product"
    head_local = False  # all heads use the shared parameters of head 0
    formula = "q·k, qₕ = Σ_r a_hr b_r / rank"
    value_formula = "Σ_r a_hr b_r / rank"
    limits: ClassVar = {"query_rank": (1, 1024), "key_rank": (1, 1024)}
    query_rank: int = 6
    key_rank: int = 2

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """A [query_rank | key_rank, d_model], B [query_rank · d | key_rank · d, d_model]"""
        return {
            "a_query": (self.query_rank, sizes.d_model),
            "b_query": (self.query_rank * sizes.d, sizes.d_model),
            "a_key": (self.key_rank, sizes.d_model),
            "b_key": (self.key_rank * sizes.d, sizes.d_model),
        }

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        query = self.combine_factors(inputs, inputs.query_source, inputs.grid.q, "query")
        key = self.combine_factors(inputs, inputs.key_source, inputs.grid.k, "key")
        return query @ key.swapaxes(1, 2)

    def value_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """A [key_rank, d_model] and B [key_rank · d, d_model]"""
        return {
            "a_value": (self.key_rank, sizes.d_model),
            "b_value": (self.key_rank * sizes.d, sizes.d_model),
        }

    def compute_values(self, inputs: Inputs) -> FloatArray:
        """Σ_r a_hr b_r / rank, of the rank of the keys.    -> [head, key, d]"""
        return self.combine_factors(inputs, inputs.key_source, None, "value")

    def explain_lines(self, pair: Pair) -> Lines:
        """The query and the key that the factors add up to, and their product"""
        inputs = pair.inputs
        query = self.combine_factors(inputs, inputs.query_source, inputs.grid.q, "query")
        key = self.combine_factors(inputs, inputs.key_source, inputs.grid.k, "key")
        q, k = query[pair.head, pair.query], key[pair.head, pair.key]
        yield products("score", ("q of the factors", q), ("k of the factors", k))

    def combine_factors(
        self, inputs: Inputs, source: FloatArray, positions: IntArray | None, side: str
    ) -> FloatArray:
        """Σ_r a_r R b_r / rank; without positions R = 1.

        Shapes: [head | 1, token, d_model] -> [head, token, d]
        """
        factors = inputs.project(f"a_{side}", source)  # [head, token, rank]
        shared = source @ inputs.param(f"b_{side}")[:1].swapaxes(1, 2)
        rank = factors.shape[-1]
        vectors: FloatArray = shared.reshape(*shared.shape[:2], rank, -1)
        if positions is not None:
            vectors = rotate_by_position(vectors.swapaxes(1, 2), positions).swapaxes(1, 2)
        return (factors[:, :, None] @ vectors)[:, :, 0] / rank


class Collaborative(Score):
    """Collaborative heads: one query and key space for all heads, a mixing vector per head.

    Formula: Σ_c m_hc q_c k_c, q and k the concatenated projections of all heads
    Paper: 2006.16362 (without its content bias; m_h = 1 on the dimensions of head h and 0
    elsewhere is multi-head attention)
    """

    name = "collaborative"
    head_local = False  # a head uses the queries and keys of all heads
    formula = "q diag(mₕ) k, q and k of all heads"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """m [head · d]"""
        return {"m_collaborative": (sizes.n_head * sizes.d,)}

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        query, key = (np.concatenate(list(v), axis=-1) for v in (inputs.query, inputs.key))
        return (query * inputs.param("m_collaborative")[:, None]) @ key.T

    def explain_lines(self, pair: Pair) -> Lines:
        """q and k of all heads, and their product with m"""
        q, k = (
            np.concatenate(list(vectors[:, at]))
            for vectors, at in ((pair.inputs.query, pair.query), (pair.inputs.key, pair.key))
        )
        yield products("score", ("m", pair.param("m_collaborative")), ("q", q), ("k", k))


def rms_norm(x: FloatArray) -> FloatArray:
    """x / √(mean of x² + 1e-6)    [..., d] -> [..., d]"""
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-6)


def rotate_by_position(vectors: FloatArray, positions: IntArray) -> FloatArray:
    """RoPE of some vectors.    [..., token, d] -> [..., token, d]"""
    return Rope().rotate(vectors, positions.reshape(-1), "query")


PARTS = (MultiHeadLatent, TensorProduct, Collaborative)
