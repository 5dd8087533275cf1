"""An attention layer of a model: projections, attention, and output projection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.engine.layer_call import AttendCallback, LayerCall
from attnviz.core.engine.output_path import OutputPath
from attnviz.core.grid import Grid, TokenFeature
from attnviz.core.heads import MultiHead
from attnviz.core.heads.grouped_query import repeat_kv
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.variant import Variant
from attnviz.errors import InvalidInputError, ShapeError
from attnviz.record import Record
from attnviz.sources.checkpoint.config import raise_invalid
from attnviz.sources.families.attention_config import disentangled_score
from attnviz.sources.families.slots import Layer
from attnviz.sources.families.spec import Attention, RelativeTables
from attnviz.sources.transformer.experts import RoutingCallback
from attnviz.sources.transformer.kv_cache import KVCache
from attnviz.sources.transformer.matmul import materialize
from attnviz.sources.transformer.weights import Weights

N_PARTITION = 4  # of CodeGen's fused projection, from its training on as many devices

ProjectedQKV = tuple[FloatArray, FloatArray, FloatArray]


class AttentionContext(Record, kw_only=True, eq=False):
    """What all layers of a stack need for one kind of attention.

    `attend` computes the attention of each layer. `encoder_states` are the hidden states that
    keys and values are projected from in cross-attention; None: self-attention. Without
    `needs_output`, the last layer stops after its attention. `on_routing` is called with the
    router's choice in each layer that has experts.
    Shapes: encoder_states [key, d_model]
    """

    attend: AttendCallback
    kind: str
    token_features: Mapping[str, TokenFeature] = field(default_factory=dict)
    encoder_states: FloatArray | None = None
    needs_output: bool = True
    cache: KVCache | None = None
    on_routing: RoutingCallback | None = None


def attention_layer(
    spec: Attention,
    w: Weights,
    index: int,
    x: FloatArray,
    context: AttentionContext,
    output_path: OutputPath | None = None,
) -> FloatArray:
    """Attention without layer norm and residual.    [query, d_model] -> [query, d_model]"""
    n_head, d = w.config.get_int("n_head"), w.config.d_head
    key_input = x if context.encoder_states is None else context.encoder_states
    query, key, value = project_qkv(spec, w, x, key_input)
    if context.cache is not None and context.encoder_states is None:
        key, value = context.cache.append(w.prefix, key, value)
    variant = layer_variant(spec, Layer(w.config, index))
    inputs = Inputs(
        query=query,
        key=repeat_kv(key, n_head),
        grid=Grid.of(n_head, query.shape[1], key.shape[1], context.token_features),
        params=read_params(spec, w),
        query_input=x,
        key_input=key_input if len(key_input) == key.shape[1] else None,
        layer=index,
    )
    call = LayerCall(
        layer=index,
        inputs=inputs,
        value=repeat_kv(value, n_head),
        variant=variant,
        kind=context.kind,
        formulas=input_formulas(spec, w, index, context),
        output_path=output_path,
    )
    output = context.attend(call)
    if output.shape != (n_head, len(x), d):
        raise ShapeError(
            f"layer {index} needs an output of {n_head} heads × {len(x)} tokens × {d}; "
            f"this mechanism's output is {' × '.join(map(str, output.shape))}"
        )
    joined = output.swapaxes(0, 1).reshape(len(x), n_head * d).astype(np.float32, copy=False)
    return w.linear(joined, spec.output, w.config.get_int("d_model"), bias=spec.output_bias)


def input_formulas(
    spec: Attention, w: Weights, index: int, context: AttentionContext
) -> Mapping[str, str]:
    """What x, the input of the layer, is, and formulas of its queries, keys and values."""
    plus = " + b" if w.resolve_flag(spec.bias) else ""
    formulas = {name: f"x W_{name.upper()}{plus}" for name in "qkv"}
    for name, norm in (("q", spec.query_norm), ("k", spec.key_norm)):
        formulas[name] = f"norm({formulas[name]})" if norm else formulas[name]
    x = "output of the encoder"
    if context.encoder_states is None:
        x = f"output of layer {index - 1}" if index else "token embeddings"
        x += ", normalized" if spec.before and index >= spec.before_from else ""
    return formulas | {"x": x}


def layer_variant(spec: Attention, layer: Layer) -> Variant:
    """The model's own mechanism of a layer, composed of core parts."""
    slots, config = spec.slots, layer.config
    family = config.get_str("model_type")
    kv_heads = config.n_kv_head if config.n_kv_head < config.get_int("n_head") else 0
    return Variant(
        name=family,
        summary=f"attention of {family}, layer {layer.index}",
        formula="softmax(bias(scale · score(q, k))) v",
        position=slots.position(layer),
        score=slots.score(layer),
        scale=slots.scale(layer),
        bias=slots.bias(layer),
        mask=slots.mask(layer),
        normalize=slots.normalize(layer),
        heads=MultiHead(heads=config.get_int("n_head"), kv_heads=kv_heads),
    )


def project_qkv(spec: Attention, w: Weights, x: FloatArray, key_input: FloatArray) -> ProjectedQKV:
    """Queries of x, keys and values of `key_input`, per head.

    Shapes: [query, d_model], [key, d_model] -> [head, query, d], [kv_head, key, d] twice
    """
    n_head, n_kv_head = w.config.get_int("n_head"), w.config.n_kv_head
    if spec.fused:
        query, key, value = split_fused(spec, w, x, n_head, n_kv_head)
    else:
        d = w.config.d_head
        query, key, value = materialize(
            w.lazy_linear(x, spec.query, n_head * d, bias=spec.bias).lazy(),
            w.lazy_linear(key_input, spec.key, n_kv_head * d, bias=spec.bias).lazy(),
            w.lazy_linear(key_input, spec.value, n_kv_head * d, bias=spec.bias).lazy(),
        )
    if spec.clip and w.config.get(spec.clip) is not None:
        limit = np.float32(w.config.get_float(spec.clip))
        query, key, value = (np.clip(x, -limit, limit) for x in (query, key, value))
    query = split_and_norm(spec, w, query, spec.query_norm, n_head)
    key = split_and_norm(spec, w, key, spec.key_norm, n_kv_head)
    return query, key, split_heads(value, n_kv_head)


def split_fused(
    spec: Attention, w: Weights, x: FloatArray, n_head: int, n_kv_head: int
) -> ProjectedQKV:
    """One fused projection, split into three.    [token, d_model] -> three [token, head × d]"""
    d = w.config.d_head
    fused = w.linear(x, spec.fused, (n_head + 2 * n_kv_head) * d, bias=spec.bias)
    n_block, heads = {
        "parts": (1, (n_head, n_kv_head, n_kv_head)),
        "groups": (n_kv_head, (n_head // n_kv_head, 1, 1)),
        "partitions": (N_PARTITION, (n_head // N_PARTITION,) * 3),
    }[spec.fused_by]
    if n_block * sum(heads) != n_head + 2 * n_kv_head:
        raise_invalid(w.config.find("n_head")[0], n_head, f"a multiple of {n_block}")
    blocks = fused.reshape(len(x), n_block, sum(heads), d)
    query, key, value = (
        part.reshape(len(x), -1)
        for part in np.split(blocks, [heads[0], heads[0] + heads[1]], axis=2)
    )
    if spec.fused_by == "partitions":  # query, value, key
        key, value = value, key
    query, key, value = (
        part + w.get(name, (part.shape[-1],)) if name else part
        for part, name in zip((query, key, value), spec.part_biases, strict=True)
    )
    return query, key, value


def split_and_norm(
    spec: Attention, w: Weights, x: FloatArray, name: str, n_head: int
) -> FloatArray:
    """Queries or keys per head, normalized where the family has query and key norms.

    Shapes: [token, head × d] -> [head, token, d]
    """
    if spec.qk_norm_weights == "joined":
        return split_heads(w.norm(x, name), n_head)
    heads = split_heads(x, n_head)
    if not name or spec.qk_norm_weights == "shared":
        return w.norm(heads, name)
    normalized = w.norm(heads, name, replace(w.norm_spec, weight=False))
    return normalized * head_weights(spec, w, name, n_head, heads.shape[-1])[:, None]


def head_weights(spec: Attention, w: Weights, name: str, n_head: int, d: int) -> FloatArray:
    """Weights of a norm that has other ones for each head.    -> [head, d]"""
    if spec.qk_norm_weights == "rows":
        return w.get(f"{name}.weight", (n_head, d))
    return np.stack([w.get(f"{name}.norms.{i}.weight", (d,)) for i in range(n_head)])


def split_heads(x: FloatArray, n_head: int) -> FloatArray:
    """[token, head × d] -> [head, token, d]"""
    return x.reshape(len(x), n_head, -1).swapaxes(0, 1)


def read_params(spec: Attention, w: Weights) -> Mapping[str, FloatArray]:
    """Learned parameters of the mechanism's parts, by their names.    -> each [head, …]"""
    n_head = w.config.get_int("n_head")
    params = {
        name: w.get(f"/{tensor}", (None, n_head)).T for name, tensor in spec.slots.params.items()
    }
    for name, tensor in spec.slots.head_params.items():
        params[name] = w.get(tensor, (n_head,))
    for name, table in spec.slots.distance_tables.items():
        n_distance = 2 * w.config.get_int("n_position") - 1
        vectors = w.get(f"{table}.weight", (n_distance, w.config.d_head))[::-1]
        params[name] = np.broadcast_to(vectors, (n_head, *vectors.shape))
    if spec.relative_tables is None:
        return params
    return {**params, **relative_tables(spec, spec.relative_tables, w)}


def relative_tables(spec: Attention, tables: RelativeTables, w: Weights) -> dict[str, FloatArray]:
    """Embeddings of relative positions, projected by this layer.    -> each [head, distance, d]

    Raises InvalidInputError for projections that contradict the config's terms or sharing.
    """
    n_head, d_model, d = w.config.get_int("n_head"), w.config.get_int("d_model"), w.config.d_head
    score = disentangled_score(Layer(w.config, 0))
    table = w.tensors.get(tables.table, (2 * score.span, d_model))
    if w.config.get("norm_rel_ebd") == "layer_norm":
        table = replace(w, prefix="").norm(table, tables.norm)
    used = score.param_shapes(Sizes(d=d, d_model=d_model, n_head=n_head, n_query=1, n_key=1))
    shared = bool(tables.shared) and w.config.get_bool(tables.shared)
    params = {}
    for name, content, own, bias in (
        ("place_key", spec.key, tables.key, shared or tables.key_bias),
        ("place_query", spec.query, tables.query, True),
    ):
        tensor = f"{w.prefix}{own}.weight"
        if (shared or name not in used) and w.tensors.find(tensor):
            reason = f"{tables.shared} = true" if shared else "pos_att_type lacks its term"
            raise InvalidInputError(f"config.json: {reason}, but there is a tensor {tensor!r}")
        if shared or name in used:
            projected = w.linear(table, content if shared else own, n_head * d, bias=bias)
            params[name] = split_heads(projected, n_head)
    return params
