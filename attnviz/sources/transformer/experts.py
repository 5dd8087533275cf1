"""Mixture of experts: a router sends each token to a few feed-forward networks.

The matrices of an expert are read only if the router chose it for a token.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

import numpy as np

from attnviz.core.arrays import FloatArray, IntArray
from attnviz.core.numerics import softmax
from attnviz.record import Record
from attnviz.sources.checkpoint.config import Config, raise_invalid
from attnviz.sources.checkpoint.tensors import Tensor
from attnviz.sources.families.spec import Experts, ExpertTensors, FeedForward
from attnviz.sources.transformer.activations import sigmoid
from attnviz.sources.transformer.feed_forward import GatedUnit, config_activation, feed_forward
from attnviz.sources.transformer.matmul import LazyLinear, materialize
from attnviz.sources.transformer.weights import Weights

Choice = tuple[IntArray, FloatArray]
ALL = np.array(True)
N_SPARSEMIXER = 2  # experts that SparseMixer chooses for a token


class Routing(Record, eq=False):
    """The router's choice in one layer: the experts of each token, and their weights.

    Shapes: experts [token, k], weights [token, k], largest first
    """

    layer: int
    n_expert: int
    experts: IntArray
    weights: FloatArray


RoutingCallback = Callable[[Routing], None]


def mixture_of_experts(
    spec: FeedForward, experts: Experts, w: Weights, x: FloatArray, routing: Routing
) -> FloatArray:
    """The outputs of the chosen experts of each token, weighted.    [token, d] -> [token, d]"""
    y = np.zeros_like(x)
    if experts.shared is not None:
        y += feed_forward(experts.shared, w, x)
        if experts.shared_gate:
            y *= sigmoid(w.linear(x, experts.shared_gate, 1, bias=False))
    for expert in np.unique(routing.experts):
        tokens, places = np.nonzero(routing.experts == expert)
        weights = routing.weights[tokens, places, None]
        y[tokens] += weights * run_expert(spec, experts, w, x[tokens], int(expert))
    return y


def run_expert(
    spec: FeedForward, experts: Experts, w: Weights, x: FloatArray, expert: int
) -> FloatArray:
    """The output of one expert.    [token, d_model] -> [token, d_model]"""
    names, width, d_model = find_layout(experts, w), w.config.get_int("d_expert"), x.shape[-1]
    linear = partial(expert_linear, w, names, expert)
    unit = GatedUnit(
        up=linear(x, names.up, names.up_bias, width if names.gate else 2 * width),
        gate=linear(x, names.gate, "", width) if names.gate else None,
        act=config_activation(spec, w),
        width=width,
        fused="" if names.gate else "interleaved" if names.interleaved else "halves",
        clamp=clamp_settings(w) if experts.is_clamped else None,
    )
    return materialize(linear(unit.compute(), names.down, names.down_bias, d_model).lazy())[0]


def expert_pattern(experts: Experts) -> re.Pattern[str]:
    """The names of the tensors of experts, without the prefix of their layer."""
    names = (
        name
        for tensors in experts.tensors
        for name in (tensors.up, tensors.gate, tensors.down, tensors.up_bias, tensors.down_bias)
    )
    parts = (re.escape(name).replace(r"\{e\}", r"\d+") for name in names if name)
    return re.compile("|".join(dict.fromkeys(parts)))


def find_layout(experts: Experts, w: Weights) -> ExpertTensors:
    """The names under which this checkpoint stores its experts."""
    found = (
        names
        for names in experts.tensors
        if w.tensors.find(w.prefix + names.down.format(e=0)) is not None
    )
    return next(found, experts.tensors[0])


def expert_linear(
    w: Weights,
    names: ExpertTensors,
    expert: int,
    x: FloatArray,
    name: str,
    bias: str,
    width: int,
) -> LazyLinear:
    """A linear layer of one expert, computed later and by columns.    [token, d]"""
    d = x.shape[-1]
    shape = (d, width) if names.in_first else (width, d)
    offset = expert_tensor(w, bias, expert, (width,)).read() if bias else None
    return LazyLinear(x, expert_tensor(w, name, expert, shape), offset, names.in_first, width)


def expert_tensor(w: Weights, name: str, expert: int, shape: tuple[int, ...]) -> Tensor:
    """The tensor of one expert, or its part of the tensor of all of them.    -> [*shape]"""
    if "{e}" in name:
        return w.tensors.tensor(w.prefix + name.format(e=expert), shape)
    n_expert = w.config.get_int("n_expert")
    return w.tensors.tensor(w.prefix + name, (n_expert, *shape)).at(expert)


def clamp_settings(w: Weights) -> tuple[np.float32, np.float32]:
    """α and the limit of the clamped SwiGLU."""
    alpha, limit = (w.config.get_float(name) for name in ("swiglu_alpha", "swiglu_limit"))
    return np.float32(alpha), np.float32(limit)


def route(experts: Experts, w: Weights, x: FloatArray, layer: int) -> Routing:
    """The experts that the router chooses for each token.    [token, d_model]"""
    n_expert = w.config.get_int("n_expert")
    found = (name for name in experts.router if w.tensors.find(f"{w.prefix}{name}.weight"))
    name = next(found, experts.router[0])
    logits = w.linear(x, name, n_expert, bias=experts.router_bias)
    n_chosen = experts_per_token(experts, w.config)
    if experts.routing == "sparsemixer":
        jitter = w.config.get_float("router_jitter_noise")
        return Routing(layer, n_expert, *sparsemixer(logits, jitter=jitter))
    normalize = w.resolve_flag(experts.normalize)
    return Routing(layer, n_expert, *choose_largest(logits, n_chosen, normalize=normalize))


def experts_per_token(experts: Experts, config: Config) -> int:
    """Number of experts that the router chooses for a token."""
    key, n_expert = config.find("n_expert")
    if experts.routing == "sparsemixer":
        if config.get_int("n_expert") < N_SPARSEMIXER:
            raise_invalid(key, n_expert, f"at least {N_SPARSEMIXER}")
        return N_SPARSEMIXER
    n_chosen = config.get_int("num_experts_per_tok")
    if n_chosen > config.get_int("n_expert"):
        chosen_key = config.find("num_experts_per_tok")[0]
        raise_invalid(chosen_key, n_chosen, f"at most {key}, {n_expert}")
    return n_chosen


def choose_largest(logits: FloatArray, n_chosen: int, *, normalize: bool) -> Choice:
    """The experts with the largest logits; their weights are a softmax of all logits.

    With `normalize` it is a softmax of the chosen logits: their weights sum to 1.
    Shapes: [token, expert] -> [token, k] twice
    Paper: 2401.04088 (Mixtral)
    """
    chosen = np.argsort(-logits, axis=-1, kind="stable")[:, :n_chosen]
    if normalize:
        return chosen, softmax(np.take_along_axis(logits, chosen, axis=-1), ALL)
    return chosen, np.take_along_axis(softmax(logits, ALL), chosen, axis=-1)


def sparsemixer(logits: FloatArray, *, jitter: float) -> Choice:
    """SparseMixer's two experts of each token, each weighted by a softmax of its own.

    That is over the logits s with (m - s) / max(|s|, m) ≤ 2 · jitter, m the largest one; for
    the second expert, the first one is left out.
    Shapes: [token, expert] -> [token, 2] twice
    Paper: 2409.12136
    """
    chosen, weights, remaining = [], [], logits
    for _ in range(N_SPARSEMIXER):
        first = remaining.argmax(-1)[:, None]
        peak = np.take_along_axis(remaining, first, axis=-1)
        is_far = peak - logits > 2 * jitter * np.maximum(np.abs(logits), peak)
        near = np.where(is_far, -np.inf, remaining)
        weights.append(1 / np.exp(near - peak).sum(-1, keepdims=True))
        chosen.append(first)
        remaining = remaining.copy()
        np.put_along_axis(remaining, first, -np.inf, axis=-1)
    return np.concatenate(chosen, -1), np.concatenate(weights, -1)
