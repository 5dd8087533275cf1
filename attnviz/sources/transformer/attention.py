"""One attention of a model: projections, the request to attend, and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.engine.layer_call import Attend, LayerCall
from attnviz.core.grid import Grid, Note
from attnviz.core.heads import MultiHead, share
from attnviz.core.part import Inputs
from attnviz.core.variant import Variant
from attnviz.errors import ShapeError
from attnviz.record import Record
from attnviz.sources.families.spec import Attention, Layer, Places
from attnviz.sources.transformer.matmul import made
from attnviz.sources.transformer.weights import Weights

Three = tuple[FloatArray, FloatArray, FloatArray]


@dataclass
class Cache:
    """Keys and values of tokens that were read before, by place.    each [kv_head, key, d]"""

    kept: dict[str, tuple[FloatArray, FloatArray]] = field(default_factory=dict)

    def extended(self, place: str, key: FloatArray, value: FloatArray) -> tuple[FloatArray, ...]:
        """All keys and values so far.    [kv_head, new, d] -> [kv_head, key, d]"""
        if place in self.kept:
            old_key, old_value = self.kept[place]
            key = np.concatenate([old_key, key], axis=1)
            value = np.concatenate([old_value, value], axis=1)
        self.kept[place] = key, value
        return key, value

    def n_token(self) -> int:
        """How many tokens were read."""
        return next(iter(self.kept.values()))[0].shape[1] if self.kept else 0


class Looking(Record, kw_only=True):
    """Who looks, at whom, and who is asked for the answer.

    Where nobody reads what comes out (`read` is False), the last layer ends with its attention.
    Shapes: source [key, d_model], what is looked at, None: the tokens themselves
    """

    attend: Attend
    kind: str
    notes: Mapping[str, Note] = field(default_factory=dict)
    source: FloatArray | None = None
    read: bool = True
    cache: Cache | None = None


def attended(row: Attention, w: Weights, index: int, x: FloatArray, look: Looking) -> FloatArray:
    """One attention, without its norms and residual.    [query, d_model] -> [query, d_model]"""
    n_head, width = w.config.whole("n_head"), w.config.d_head
    seen = x if look.source is None else look.source
    query, key, value = projected(row, w, x, seen)
    if look.cache is not None and look.source is None:
        key, value = look.cache.extended(w.place, key, value)
    own = mechanism(row, Layer(w.config, index))
    inputs = Inputs(
        query=query,
        key=share(key, n_head),
        grid=Grid.of(n_head, query.shape[1], key.shape[1], look.notes),
        learned=learned(row, w),
        query_input=x,
        key_input=seen if len(seen) == key.shape[1] else None,
        layer=index,
    )
    call = LayerCall(
        layer=index,
        inputs=inputs,
        value=share(value, n_head),
        own=own,
        kind=look.kind,
        told=told(row, w, index, look),
    )
    output = look.attend(call)
    if output.shape != (n_head, len(x), width):
        raise ShapeError(
            f"layer {index} needs an output of {n_head} heads × {len(x)} tokens × {width}; "
            f"this mechanism gives {' × '.join(map(str, output.shape))}"
        )
    joined = output.swapaxes(0, 1).reshape(len(x), n_head * width).astype(np.float32, copy=False)
    return w.linear(joined, row.output, w.config.whole("d_model"), bias=row.output_bias)


def told(row: Attention, w: Weights, index: int, look: Looking) -> Mapping[str, str]:
    """How the layer's input, and queries, keys and values came about, as one writes it."""
    plus = " + b" if w.given(row.bias) else ""
    made = {name: f"x W_{name.upper()}{plus}" for name in "qkv"}
    for name, norm in (("q", row.query_norm), ("k", row.key_norm)):
        made[name] = f"norm({made[name]})" if norm else made[name]
    x = "each token as the encoder leaves it"
    if look.source is None:
        x = f"each token as layer {index - 1} leaves it" if index else "each token, embedded"
        x += ", normed" if row.before and index >= row.before_from else ""
    return made | {"x": x}


def mechanism(row: Attention, layer: Layer) -> Variant:
    """The model's own mechanism, as parts."""
    slots, config = row.slots, layer.config
    family = config.word("model_type")
    shared = config.n_kv_head if config.n_kv_head < config.whole("n_head") else 0
    return Variant(
        name=family,
        summary=f"as {family} attends in layer {layer.index}",
        formula="softmax(bias(scale · score(q, k))) v",
        position=slots.position(layer),
        score=slots.score(layer),
        scale=slots.scale(layer),
        bias=slots.bias(layer),
        mask=slots.mask(layer),
        heads=MultiHead(heads=config.whole("n_head"), kv_heads=shared),
    )


def projected(row: Attention, w: Weights, x: FloatArray, seen: FloatArray) -> Three:
    """Queries of those who look, keys and values of what is seen.

    Shapes: [query, d_model], [key, d_model] -> [head, query, d], [kv_head, key, d] twice
    """
    n_head, n_kv_head = w.config.whole("n_head"), w.config.n_kv_head
    if row.fused:
        query, key, value = unfused(row, w, x, n_head, n_kv_head)
    else:
        d = w.config.d_head
        query, key, value = made(
            w.product(x, row.query, n_head * d, bias=row.bias).wide(),
            w.product(seen, row.key, n_kv_head * d, bias=row.bias).wide(),
            w.product(seen, row.value, n_kv_head * d, bias=row.bias).wide(),
        )
    query = normed(row, w, query, row.query_norm, n_head)
    key = normed(row, w, key, row.key_norm, n_kv_head)
    return query, key, heads(value, n_kv_head)


def unfused(row: Attention, w: Weights, x: FloatArray, n_head: int, n_kv_head: int) -> Three:
    """One product for query, key and value.    [token, d_model] -> three [token, head × d]"""
    d = w.config.d_head
    fused = w.linear(x, row.fused, (n_head + 2 * n_kv_head) * d, bias=row.bias)
    if row.fused_by == "heads":
        apart = fused.reshape(len(x), n_head, 3, d)
        query, key, value = (apart[:, :, i].reshape(len(x), -1) for i in range(3))
        return query, key, value
    query, key, value = np.split(fused, [n_head * d, (n_head + n_kv_head) * d], axis=-1)
    return query, key, value


def normed(row: Attention, w: Weights, x: FloatArray, name: str, n_head: int) -> FloatArray:
    """Queries or keys by heads, normed where the row says so.

    Shapes: [token, head × d] -> [head, token, d]
    """
    if row.norm_each_head:
        return w.norm(heads(x, n_head), name)
    return heads(w.norm(x, name), n_head)


def heads(x: FloatArray, n_head: int) -> FloatArray:
    """[token, head × d] -> [head, token, d]"""
    return x.reshape(len(x), n_head, -1).swapaxes(0, 1)


def learned(row: Attention, w: Weights) -> Mapping[str, FloatArray]:
    """The numbers that the mechanism needs, by the names its parts know.    -> each [head, …]"""
    n_head = w.config.whole("n_head")
    found = {
        name: w.tensors.get(tensor, (None, n_head)).T for name, tensor in row.slots.learned.items()
    }
    return found if row.places is None else {**found, **placed(row, row.places, w)}


def placed(row: Attention, places: Places, w: Weights) -> dict[str, FloatArray]:
    """Relative places as keys and as queries of this layer.    -> each [head, place, d]"""
    n_head, d_model = w.config.whole("n_head"), w.config.whole("d_model")
    table = w.tensors.get(places.table, (None, d_model))
    if w.config.get("norm_rel_ebd") == "layer_norm":
        table = replace(w, place="").norm(table, places.norm)
    shared = w.config.flag(places.shared)
    by_name = {
        "place_key": row.key if shared else places.key,
        "place_query": row.query if shared else places.query,
    }
    return {
        name: heads(w.linear(table, projection, n_head * w.config.d_head), n_head)
        for name, projection in by_name.items()
        if w.tensors.find(f"{w.place}{projection}.weight")
    }
