"""Kernel scores of linear attention: feature maps of queries and keys, φ(q)·φ(k)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, Pair, dimension_table, products
from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.initialization import Initial
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.scores import Score
from attnviz.core.seeded_random import draw_uniform


class EluKernel(Score):
    """Linear transformer kernel: the positive feature map elu + 1.

    Formula: φ(q)·φ(k), φ = elu + 1
    Paper: 2006.16236
    """

    name = "elu"
    formula = "φ(q)·φ(k), φ = elu + 1"

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        return elu_plus_one(inputs.query) @ elu_plus_one(inputs.key).swapaxes(1, 2)

    def explain_lines(self, pair: Pair) -> Lines:
        """φ(q), φ(k) and their product"""
        factors = [(f"(elu({n}) + 1)", elu_plus_one(v)) for n, v in (("q", pair.q), ("k", pair.k))]
        yield products("score", *factors, before=(("q", pair.q), ("k", pair.k)))


class CosFormer(Score):
    """cosFormer: ReLU features with a cosine weight that decays with distance.

    Formula: relu(q)·relu(k) · cos(π/2 · (i−j)/n), n the longer of the two sequences
    Paper: 2202.08791
    """

    name = "cosformer"
    aliases = ("cos-relu",)
    formula = "relu(q)·relu(k) · cos(π(i−j)/2n)"
    prefix_stable: ClassVar[bool] = False  # the cosine depends on the sequence length

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        grid = inputs.grid
        scores = np.maximum(inputs.query, 0.0) @ np.maximum(inputs.key, 0.0).swapaxes(1, 2)
        longest = max(grid.n_query, grid.n_key)
        return scores * np.cos(np.pi / 2 * (grid.q - grid.k) / longest).astype(scores.dtype)

    def explain_lines(self, pair: Pair) -> Lines:
        """relu(q)·relu(k), and the cosine of the distance"""
        factors = [(f"relu({n})", np.maximum(v, 0.0)) for n, v in (("q", pair.q), ("k", pair.k))]
        inner = products("relu", *factors, before=(("q", pair.q), ("k", pair.k)))
        yield inner
        longest = max(pair.inputs.grid.n_query, pair.inputs.grid.n_key)
        angle = (" × cos(π / 2 × (", pair.i, " − ", pair.j, ") / ", longest, ")")
        value = inner.value * float(np.cos(np.pi / 2 * (pair.i - pair.j) / longest))
        yield ArithmeticLine("score", (inner.value, *angle), value)


class Taylor(Score):
    """Taylor kernel (Based): the second-order Taylor expansion of the exponential.

    It is positive, and an inner product of finite feature vectors.
    Formula: 1 + s + s²/2, s = q·k/√d
    Paper: 2402.18668
    """

    name = "taylor"
    formula = "1 + s + s²/2, s = q·k/√d"

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        scores = inputs.query @ inputs.key.swapaxes(1, 2) / np.sqrt(inputs.query.shape[-1])
        return 1.0 + scores + scores**2 / 2.0

    def explain_lines(self, pair: Pair) -> Lines:
        """q·k, s, and 1 + s + s²/2"""
        inner = products("q·k", ("q", pair.q), ("k", pair.k))
        yield inner
        s = inner.value / float(np.sqrt(pair.q.size))
        yield ArithmeticLine("s", (inner.value, " / √", pair.q.size), s)
        yield ArithmeticLine("score", ("1 + ", s, " + ", s, "² / 2"), 1.0 + s + s**2 / 2.0)


class ReBased(Score):
    """ReBased kernel: squared dot product of LayerNorm'd queries and keys.

    Formula: ((γ_q∘n(q) + β_q)·(γ_k∘n(k) + β_k))² / d, n(x) of mean 0 and variance 1
    Paper: 2402.10644
    """

    name = "rebased"
    aliases = ("square",)
    formula = "((γ∘n(q)+β)·(γ′∘n(k)+β′))²/d"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """γ_q, β_q, γ_k and β_k, [d] each"""
        names = ("gamma_query", "beta_query", "gamma_key", "beta_key")
        return dict.fromkeys(names, (sizes.d,))

    def initial_params(self, sizes: Sizes) -> Mapping[str, Initial]:
        """γ = 1, β = 0"""
        del sizes
        one, zero = Initial(1.0), Initial()
        return {
            "gamma_query": one,
            "gamma_key": one,
            "beta_query": zero,
            "beta_key": zero,
        }

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        query = self.affine_norm(inputs, inputs.query, "query")
        key = self.affine_norm(inputs, inputs.key, "key")
        return (query @ key.swapaxes(1, 2)) ** 2 / query.shape[-1]

    def affine_norm(self, inputs: Inputs, vectors: FloatArray, side: str) -> FloatArray:
        """γ ∘ n(x) + β.    [head, token, d] -> [head, token, d]"""
        gamma, beta = inputs.param(f"gamma_{side}"), inputs.param(f"beta_{side}")
        return gamma[:, None] * standardize(vectors) + beta[:, None]

    def explain_lines(self, pair: Pair) -> Lines:
        """Mean and deviation of q and of k, their affine norms, and the squared product / d"""
        factors: list[tuple[str, FloatArray]] = []
        before: list[tuple[str, FloatArray]] = []
        for n, vector, side in (("q", pair.q, "query"), ("k", pair.k, "key")):
            mean = float(vector.mean())
            table = dimension_table((n, vector))
            yield ArithmeticLine(f"mean {n}", (f"Σ {n} / ", vector.size), mean, table)
            square, centred = f"({n} − mean {n})²", vector - mean
            deviation = float(np.sqrt((centred**2).mean() + 1e-5))
            root = (f"√(Σ {square} / ", vector.size, " + ", 1e-5, ")")
            squares = dimension_table((square, centred**2))
            yield ArithmeticLine(f"deviation {n}", root, deviation, squares)
            gamma, beta = pair.param(f"gamma_{side}"), pair.param(f"beta_{side}")
            before += [(f"γ {n}", gamma), (f"β {n}", beta)]
            name = f"(γ {n} × ({n} − mean {n}) / deviation {n} + β {n})"
            factors.append((name, gamma * centred / deviation + beta))
        inner = products("n(q)·n(k)", *factors, before=tuple(before))
        yield inner
        value = inner.value**2 / pair.q.size
        yield ArithmeticLine("score", (inner.value, "² / ", pair.q.size), value)


class RandomFeatures(Score):
    """FAVOR+ (Performer): positive random features that approximate the softmax kernel.

    Formula: log Σ_r φ_r(q) φ_r(k), φ_r(x) = exp(w_r·x − ‖x‖²/2), x = q or k over d^¼; the
    `features` vectors w_r are orthogonal within blocks of d
    Paper: 2009.14794 (the w_r are drawn from a fixed seed)
    """

    name = "random-features"
    formula = "log φ(q)·φ(k), φ(x) = exp(Wx − ‖x‖²/2)"
    limits: ClassVar = {"features": (1, 65536)}
    features: int = 64

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        width = inputs.query.shape[-1]
        directions = orthogonal_directions(self.features, width).astype(inputs.query.dtype)

        def log_features(vectors: FloatArray) -> FloatArray:
            vectors = vectors / width**0.25
            return vectors @ directions.T - (vectors**2).sum(-1, keepdims=True) / 2.0

        of_query, of_key = log_features(inputs.query), log_features(inputs.key)
        max_q, max_k = of_query.max(-1, keepdims=True), of_key.max(-1, keepdims=True)
        kernel = np.exp(of_query - max_q) @ np.exp(of_key - max_k).swapaxes(1, 2)
        tiny = np.finfo(kernel.dtype).tiny
        return np.log(np.maximum(kernel, tiny)) + max_q + max_k.swapaxes(1, 2)

    def explain_lines(self, pair: Pair) -> Lines:
        """The squared norms of q and k over √d, w·x of each feature, and the logarithm"""
        d = pair.q.size
        directions = orthogonal_directions(self.features, d)
        rows: list[tuple[str, FloatArray]] = []
        norms = []
        for n, vector in (("q", pair.q), ("k", pair.k)):
            norms.append(float((vector**2).sum() / np.sqrt(d)))
            table = dimension_table((n, vector), (f"{n}²", vector**2))
            yield ArithmeticLine(f"‖{n}‖²", (f"Σ {n}² / √", d), norms[-1], table)
            rows.append((f"w·{n}", directions @ vector / d**0.25))
        exponents = rows[0][1] + rows[1][1] - norms[0] / 2.0 - norms[1] / 2.0
        name = "exp(w·q + w·k − ‖q‖² / 2 − ‖k‖² / 2)"
        kernel = np.exp(exponents)
        table = dimension_table(*rows, (name, kernel))
        yield ArithmeticLine("score", (f"log(Σ {name})",), float(np.log(kernel.sum())), table)


def orthogonal_directions(n: int, d: int) -> FloatArray:
    """Vectors orthogonal within blocks of d, with norms of Gaussian vectors.    -> [n, d]

    A sum of 12 uniform draws stands for a Gaussian one.
    """
    blocks = []
    for block in range(-(-n // d)):
        gaussian = draw_uniform((12, d, d), "features", "angle", block).sum(0) / np.sqrt(12.0)
        directions, upper = np.linalg.qr(gaussian)
        directions = directions * np.where(np.diag(upper) < 0, -1.0, 1.0)
        gaussian = draw_uniform((12, d, d), "features", "length", block).sum(0) / np.sqrt(12.0)
        blocks.append(directions.T * np.linalg.norm(gaussian, axis=1, keepdims=True))
    return np.concatenate(blocks)[:n]


def elu_plus_one(x: FloatArray) -> FloatArray:
    """x + 1 above 0, exp(x) below.    [...] -> [...]"""
    return np.where(x > 0, x + 1.0, np.exp(np.minimum(x, 0.0)))


def standardize(x: FloatArray, eps: float = 1e-5) -> FloatArray:
    """LayerNorm without gain and bias.    [..., d] -> [..., d]"""
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + eps)


PARTS: tuple[type[Score], ...] = (
    EluKernel,
    CosFormer,
    Taylor,
    ReBased,
    RandomFeatures,
)
