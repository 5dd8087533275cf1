"""Attention maps of recorded calls: layers stacked, steps of a generation joined, tokens added."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from attnviz.api.watch_keep import KeptMap, KeptPooledMap
from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.engine.pooled_collector import POOLINGS
from attnviz.core.map_metadata import MapMetadata
from attnviz.errors import InvalidInputError, MisuseError
from attnviz.sources.external.assemble import assemble
from attnviz.sources.external.generation_steps import join_steps
from attnviz.sources.external.raw_attention import RawAttention
from attnviz.sources.external.selection import Selection
from attnviz.sources.external.token_lists import position_tokens

CROSS = re.compile(r"cross|enc_?dec|encoder_attn|(^|\.)multihead_attn$|context_attn", re.I)
SIDES = re.compile(r"(^|[._])(encoder|decoder)s?($|[._])", re.I)
Group = list[list[Any]]  # by layer: the calls of one run, in order


def attention_kind(capture: Any) -> str:
    """ "encoder", "decoder", "cross" or "self", from the name and the arguments of a call."""
    name = capture.site.pattern
    if CROSS.search(name) or (capture.is_cross and capture.n_key != capture.n_query):
        return "cross"
    side = SIDES.search(name)
    return side[2].lower() if side else "self"


def group_captures(captures: Iterable[Any]) -> list[Group]:
    """The calls of each map: of one pattern of module names and one run, of equal shapes."""
    by_site: dict[Any, list[Any]] = {}
    for capture in captures:
        by_site.setdefault((capture.site, capture.run), []).append(capture)
    groups: dict[Any, Group] = {}
    for (site, run), calls in by_site.items():
        calls.sort(key=lambda capture: capture.number)
        shapes = tuple((c.items, c.heads, len(c.rows), c.n_key) for c in calls)
        groups.setdefault((run, site.root, site.pattern, shapes), []).append(calls)
    for group in groups.values():
        group.sort(key=lambda calls: calls[0].site.layer)
    return sorted(groups.values(), key=lambda group: (group[0][0].run, group[0][0].number))


def build_map(
    group: Group, names: Any, tokens: Any, item: int | None, notes: tuple[str, ...] = ()
) -> AttentionMap:
    """The map of a group of calls; `item` is a batch item, by its original number.

    Raises MisuseError for an item that was not recorded, InvalidInputError for tokens that do
    not fit.
    """
    first = group[0][0]
    position = choose_item(first.items, item)
    guesses = [*first.guesses, *batch_note(first, position), *notes]
    if isinstance(first.kept, KeptPooledMap):
        return build_pooled_map(group, names, position, guesses)
    if len(group[0]) > 1 and first.n_batch > 1:
        guesses.append(
            "assuming that the batch holds sequences, not beams, which change order between steps"
        )
    steps = list(zip(*group, strict=True))
    weights, visible, joined = stack_steps(steps, position)
    n_query, n_key = weights.shape[-2:]
    meta: MapMetadata = {**describe(group, names), **padding_meta(group, visible)}
    raw = RawAttention(
        weights=weights,
        axes="lbhqk",
        visible=visible,
        layers=tuple(calls[0].site.layer for calls in group),
        heads=first.heads,
        meta=meta,
        query_vectors=stack_vectors(steps, "query_vectors", position),
        key_vectors=stack_vectors(steps[-1:], "key_vectors", position),
        guesses=(*guesses, *joined),
        is_single=True,
    )
    given = row_tokens(tokens, group, n_query, n_key)
    return assemble(raw, given, Selection(), producer="PyTorch")


def stack_steps(
    steps: Sequence[Sequence[Any]], position: int
) -> tuple[FloatArray, BoolArray | None, tuple[str, ...]]:
    """The weights and visible pairs of one item, and a note where steps were joined.

    Shapes: steps × layers of [item, head, row, key] -> [layer, 1, head, all rows, most keys]
    """
    weights = [[c.kept.weights[position : position + 1] for c in step] for step in steps]
    pairs = [[full_visible(c.kept, position) for c in step] for step in steps]
    if len(steps) == 1:
        is_masked = any(c.kept.visible is not None for c in steps[0])
        return np.stack(weights[0]), np.stack(pairs[0]) if is_masked else None, ()
    joined = join_steps(weights)
    visible = join_steps([[p.astype(np.float32) for p in step] for step in pairs]).weights > 0
    return joined.weights, visible, joined.guesses


def full_visible(kept: KeptMap, position: int) -> BoolArray:
    """The visible pairs of one item, of all heads.    -> [1, head, row, key]"""
    shape = (1, *kept.weights.shape[1:])
    if kept.visible is None:
        return np.ones(shape, dtype=bool)
    start = position if len(kept.visible) > 1 else 0
    return np.broadcast_to(kept.visible[start : start + 1], shape)


def stack_vectors(steps: Sequence[Sequence[Any]], name: str, position: int) -> FloatArray | None:
    """The vectors of one item, of all steps.    -> [layer, head, token, d]"""
    if any(getattr(c, name) is None for step in steps for c in step):
        return None
    layers = [np.stack([getattr(c, name)[position] for c in step]) for step in steps]
    return np.concatenate(layers, axis=2)


def choose_item(items: tuple[int, ...], item: int | None) -> int:
    """The position of a batch item among those that were recorded; by default the first."""
    if item is None:
        return 0
    if item not in items:
        recorded = ", ".join(map(str, items[:8]))
        raise MisuseError(f"batch item {item} was not recorded; there are {recorded}")
    return items.index(item)


def batch_note(capture: Any, position: int) -> list[str]:
    """A sentence about the batch item that is shown, if there are others."""
    if capture.n_batch == 1:
        return []
    return [f"showing batch item {capture.items[position]} of {capture.n_batch}"]


def describe(group: Group, names: Any) -> MapMetadata:
    """The metadata of a map: modules, function, step, mode and device."""
    from attnviz._version import __version__

    first = group[0][0]
    modules = [names.qualified(c[0].site.root, c[0].site.module) for c in group]
    pattern = names.qualified(first.site.root, first.site.pattern)
    mode = "training" if first.is_training else "eval"
    facts = [first.site.function, f"step {first.step}", mode, first.dtype, first.device]
    if first.dropout:
        facts.append(f"before dropout {first.dropout:g}")
    if len(group[0]) > 1:
        facts[1] = f"steps {first.step}–{group[0][-1].step}"
    return {
        "variant": pattern if len(group) > 1 else modules[0],
        "attention": attention_kind(first),
        "algebra": " · ".join(facts),
        "modules": modules,
        "step": first.step,
        "run": first.run,
        "attnviz": __version__,
    }


def padding_meta(group: Group, visible: BoolArray | None) -> MapMetadata:
    """The padding of a map: keys at its start or end that no query attends to.

    Shapes: visible [layer, 1, head, query, key]
    """
    if visible is None or not all(c.has_all_rows for calls in group for c in calls):
        return {}
    hidden = np.logical_not(np.any(visible, axis=(0, 1, 2, 3)))
    if not hidden.any() or hidden.all():
        return {}
    first, last = np.flatnonzero(~hidden)[[0, -1]]
    if hidden[first : last + 1].any():
        return {}
    return {"padding": np.flatnonzero(hidden).tolist()}


def row_tokens(tokens: Any, group: Group, n_query: int, n_key: int) -> Any:
    """The tokens for the rows of a map: those of the recorded rows only.

    Raises InvalidInputError for tokens that do not fit.
    """
    if tokens is None:
        return None
    first = group[0][0]
    queries, keys = tokens
    if len(keys) != n_key:
        raise InvalidInputError(f"{len(keys)} tokens for {n_key} keys of {first.site.pattern}")
    if not first.has_all_rows and len(queries) == first.n_query:
        queries = [queries[row] for row in first.rows]
    return queries, keys


def build_pooled_map(group: Group, names: Any, position: int, guesses: list[str]) -> AttentionMap:
    """The pooled map of a group of calls."""
    if len(group[0]) > 1:
        guesses.append(f"showing the last of {len(group[0])} generation steps")
    layers = [calls[-1].kept for calls in group]
    queries, keys = layers[0].queries, layers[0].keys
    cells, meaning = POOLINGS["share"]
    meta: MapMetadata = {
        "source": "foreign",
        "producer": "PyTorch",
        **describe(group, names),
        "pooled": f"a cell of {queries.length} queries × {keys.length} keys shows {meaning}; "
        f"{queries.n_token} × {keys.n_token} tokens in all",
    }
    if guesses:
        meta["guessed"] = guesses
    items = [layer.items[position] for layer in layers]
    weights = np.stack([cells(item) for item in items]).astype(np.float32)
    sums = weights.sum(-1, dtype=np.float64)
    meta["row_sum"] = "1" if bool(np.all((np.abs(sums - 1) < 1e-2) | (sums == 0))) else "any"
    return AttentionMap(
        queries=queries.labels(position_tokens(queries.n_token)),
        keys=keys.labels(position_tokens(keys.n_token)),
        weights=weights,
        visible=np.stack([item.visible for item in items]),
        layers=tuple(calls[0].site.layer for calls in group),
        heads=group[0][0].heads,
        meta=meta,
    )
