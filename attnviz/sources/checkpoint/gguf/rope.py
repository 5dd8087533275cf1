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
SLIDING = "sliding_attention"
LAYER_TYPES = ("full_attention", SLIDING)
LOCAL_BASE = "rope_local_base_freq"  # of layers with a window
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
    scaling |= row.rope_scaling if scaling else {}
    if row.scaled_layers:
        return result | rope_of_layer_types(row, values, scaling)
    return result | ({"rope_scaling": scaling} if scaling else {})


def rope_of_layer_types(
    row: Architecture, values: Mapping[str, Any], scaling: dict[str, Any]
) -> dict[str, Any]:
    """rope_parameters of each type of layers, of which one has the scaling."""
    types = {}
    for name in LAYER_TYPES:
        own = scaling if name == row.scaled_layers and scaling else {"rope_type": "default"}
        base = values.get("rope_theta")
        if name == SLIDING:
            base = values.get(LOCAL_BASE, base)
        types[name] = own if base is None else {"rope_theta": base, **own}
    return {"rope_parameters": types, LOCAL_BASE: None}


def rope_scaling(
    header: GgufHeader, row: Architecture, values: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    """The members of rope_scaling; none without scaling."""

    def find(name: str) -> Any:
        return plain_value(header.metadata.get(f"{row.name}.rope.{name}"))

    def find_number(name: str) -> float | None:
        value = find(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
            raise_invalid(f"{row.name}.rope.{name}", value, "a number")
        return value

    kind = find("scaling.type")
    factor = find_number("scaling.factor") or find_number("scale_linear")
    attn_factor = find_number("scaling.attn_factor")
    if kind is None and factor is not None:  # as llama.cpp reads it
        kind = "linear"
    length = find("scaling.original_context_length")
    factors = read_factors(header)
    if factors:
        if kind in ("linear", "yarn") and factor not in (None, 1.0):
            raise_invalid(f"{row.name}.rope.scaling.factor", factor, "1 with factors per pair")
        yield "rope_type", "longrope"
        yield from factors.items()
        yield "attention_factor", attn_factor or 1.0
        yield "factor", 1.0
        yield "original_max_position_embeddings", length or values["max_position_embeddings"]
        return
    if kind not in (None, "none", "linear", "yarn"):
        raise_invalid(f"{row.name}.rope.scaling.type", kind, "none, linear or yarn")
    if kind != "yarn" and attn_factor not in (None, 1.0):
        key = f"{row.name}.rope.scaling.attn_factor"
        raise_invalid(key, attn_factor, "1 without YaRN and LongRoPE")
    if kind in (None, "none") or (kind == "linear" and factor in (None, 1.0)):
        return
    yield "rope_type", kind
    yield "factor", factor
    if kind == "linear":
        return
    if factor is None:
        raise_invalid(f"{row.name}.rope.scaling.factor", None, "a number")
    if find("scaling.yarn_ext_factor") not in (None, -1.0, 1.0):
        raise_invalid(
            f"{row.name}.rope.scaling.yarn_ext_factor", find("scaling.yarn_ext_factor"), "1"
        )
    if length is not None:
        yield "original_max_position_embeddings", length
    for name in ("beta_fast", "beta_slow"):
        if find(f"scaling.yarn_{name}") is not None:
            yield name, find(f"scaling.yarn_{name}")
    own = yarn_attention_factor(
        f"{row.name}.rope.scaling",
        factor,
        attn_factor=attn_factor,
        yarn_attn_factor=find_number("scaling.yarn_attn_factor"),
    )
    if own is not None:
        yield "attention_factor", own


def yarn_attention_factor(
    prefix: str, factor: float, *, attn_factor: float | None, yarn_attn_factor: float | None
) -> float | None:
    """attention_factor of YaRN; None where it follows from the factor: 0.1 ln(factor) + 1.

    llama.cpp's converter writes attention_factor of config.json as yarn_attn_factor; 1 may also
    be attn_factor, which YaRN does not have, and is refused. Until 2025 it wrote attention_factor
    of OLMo 3 as attn_factor, which otherwise is a second factor.
    """
    usual = 1.0 + 0.1 * math.log(max(factor, 1.0))
    if attn_factor not in (None, 1.0) and not math.isclose(attn_factor, usual, rel_tol=1e-4):
        raise_invalid(f"{prefix}.attn_factor", attn_factor, f"1 or {usual:.6g}")
    if yarn_attn_factor is None or math.isclose(yarn_attn_factor, usual, rel_tol=1e-4):
        return None
    if yarn_attn_factor == 1.0:
        raise_invalid(f"{prefix}.yarn_attn_factor", 1.0, f"{usual:.6g}, as the factor implies")
    return yarn_attn_factor


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
