"""Rotary embedding of a GGUF file: its metadata and tensors as rope_scaling of a config.json."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from attnviz.errors import InvalidInputError
from attnviz.sources.checkpoint.gguf.architecture import Architecture
from attnviz.sources.checkpoint.gguf.header import GgufHeader
from attnviz.sources.checkpoint.gguf.values import plain_value, raise_invalid

ROPE_KEYS = frozenset(
    [
        "rope.dimension_count",
        "rope.scale_linear",
        *(f"rope.scaling.{name}" for name in ("type", "factor", "original_context_length")),
        *(f"rope.scaling.{name}" for name in ("attn_factor", "yarn_ext_factor")),
        *(f"rope.scaling.yarn_{name}" for name in ("attn_factor", "beta_fast", "beta_slow")),
    ]
)
FREQUENCIES = "rope_freqs.weight"
LONG, SHORT = "rope_factors_long.weight", "rope_factors_short.weight"
LAYER_TYPES = ("full_attention", "sliding_attention")
ROPE_TENSORS = (FREQUENCIES, LONG, SHORT)


def rope_values(
    header: GgufHeader, row: Architecture, values: Mapping[str, Any]
) -> dict[str, Any]:
    """Settings of the rotary embedding: rotated dimensions and scaling."""
    result: dict[str, Any] = {}
    key, d_head = f"{row.name}.rope.dimension_count", values.get("head_dim")
    n_dim = header.metadata.get(key, d_head)
    if n_dim != d_head and d_head is not None and "rope.freq_base" in row.settings:
        if not row.has_partial_rotary or not isinstance(n_dim, int) or not 0 < n_dim < d_head:
            raise_invalid(key, n_dim, f"{d_head}, the head dimension")
        share = n_dim / d_head
        result["partial_rotary_factor"] = (
            share if int(d_head * share) == n_dim else ((n_dim + 0.5) / d_head)
        )
    scaling = dict(rope_scaling(header, row, values))
    if not scaling:
        return result
    scaling |= row.rope_scaling
    if row.scaled_layers:
        base = {"rope_theta": values["rope_theta"]} if "rope_theta" in values else {}
        types = {
            name: {"rope_type": "default"} for name in ("full_attention", "sliding_attention")
        }
        types[row.scaled_layers] = scaling
        return result | {"rope_parameters": {name: base | own for name, own in types.items()}}
    return result | {"rope_scaling": scaling}


def rope_scaling(
    header: GgufHeader, row: Architecture, values: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    """The members of rope_scaling; none without scaling."""

    def find(name: str) -> Any:
        return plain_value(header.metadata.get(f"{row.name}.rope.{name}"))

    kind, factor = find("scaling.type"), find("scaling.factor")
    if kind is None and find("scale_linear") not in (None, 1.0):
        kind, factor = "linear", find("scale_linear")
    length = find("scaling.original_context_length")
    factors = read_factors(header)
    if factors:
        yield "rope_type", "longrope"
        yield from factors.items()
        yield "attention_factor", find("scaling.attn_factor") or 1.0
        yield "factor", 1.0
        yield "original_max_position_embeddings", length or values["max_position_embeddings"]
        return
    if kind in (None, "none"):
        return
    if kind not in ("linear", "yarn"):
        raise_invalid(f"{row.name}.rope.scaling.type", kind, "none, linear or yarn")
    yield "rope_type", kind
    yield "factor", factor
    if kind == "linear":
        return
    if find("scaling.yarn_ext_factor") not in (None, -1.0, 1.0):
        raise_invalid(
            f"{row.name}.rope.scaling.yarn_ext_factor", find("scaling.yarn_ext_factor"), "1"
        )
    if length is not None:
        yield "original_max_position_embeddings", length
    for name in ("beta_fast", "beta_slow"):
        if find(f"scaling.yarn_{name}") is not None:
            yield name, find(f"scaling.yarn_{name}")
    own = find("scaling.attn_factor") or find("scaling.yarn_attn_factor") or 1.0
    if own != 1.0 and factor:
        yield "attention_factor", own * (1.0 + 0.1 * math.log(max(factor, 1.0)))


def read_factors(header: GgufHeader) -> dict[str, list[float]]:
    """Divisors of the rotary frequencies, one per pair; empty where there are none.

    llama.cpp stores those of Llama 3 in one tensor, those of LongRoPE in two.
    """
    names = {"short_factor": SHORT, "long_factor": LONG}
    if FREQUENCIES in header.tensors:
        names = dict.fromkeys(names, FREQUENCIES)
    if not all(name in header.tensors for name in names.values()):
        return {}
    factors = {}
    for key, name in names.items():
        tensor = header.tensors[name]
        if tensor.kind != "F32" or len(tensor.shape) != 1:
            raise InvalidInputError(f"the tensor {name!r} should be a vector of kind F32")
        stored = header.data[tensor.start : tensor.end]
        factors[key] = [plain_value(n) for n in np.frombuffer(stored, dtype="<f4").tolist()]
    return factors
