"""compare: several mechanisms on one sentence, and their differences from the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

import numpy as np

from attnviz.api.look import build_map, look
from attnviz.core import subset
from attnviz.core.arrays import FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.comparison import ComparedHead, comparison_meta
from attnviz.core.engine.collectors import FullCollector, run_unrecorded
from attnviz.core.engine.layer_call import LayerCall
from attnviz.errors import MisuseError, UnknownParameterError
from attnviz.measure.difference import difference, head_divergence
from attnviz.sources.forward_pass import build_forward_pass, find_unused_options, refuse_unused
from attnviz.sources.options import PART_OPTIONS, Options
from attnviz.sources.seeded.run_seeded import SeededPass


def compare(
    text: str,
    context: str | None = None,
    *,
    variants: Sequence[str],
    select_layers: Sequence[int] | None = None,
    select_heads: Sequence[int] | None = None,
    select_segments: str | None = None,
    **options: Unpack[Options],
) -> AttentionMap:
    """Compare mechanisms on one sentence: their weights and the differences from the first.

    Without a model, all mechanisms get the queries and keys of the first one, as far as their
    head layouts agree; the output of the first is the input of the next layer. With a model,
    each mechanism is an intervention in a run of its own, compared with the original model.

    Args:
        text: the sentence; its tokens are the queries.
        context: a second sentence whose tokens are the keys (cross-attention); None: the text.
        variants: names of mechanisms, two or more; with a model one or more, or none if the
            options state an intervention (such as `ablate`).
        select_layers: the layers to keep.
        select_heads: the heads to keep.
        select_segments: for sentence pairs, the segments of queries and keys, as in "A,B".
        options: as for `attnviz.look`.

    Returns:
        A map that holds, per original head, one head per mechanism and one per difference.
        `names` labels them; meta["comparison"] has the name, kind ("original", "changed" or
        "difference") and original head of each; meta["divergence"] has the Jensen–Shannon
        divergence from the first, per mechanism [layer][head], in bits from 0 to 1.

    Raises:
        MisuseError: nothing to compare, or mechanisms with different numbers of heads.

    >>> amap = compare("The cat sat", variants=["scaled-dot", "hard"])
    >>> [entry["name"] for entry in amap.meta["comparison"]]
    ['scaled-dot', 'hard', 'hard − scaled-dot']
    """
    if isinstance(variants, str):
        raise UnknownParameterError(
            f"variants={variants!r} should be a list of names, such as ['scaled-dot', 'hard']"
        )
    selection: dict[str, Any] = {"select_layers": select_layers, "select_heads": select_heads}
    if options.get("model"):
        maps = run_interventions(text, context, variants, selection, options)
    elif len(variants) < 2:
        raise MisuseError("compare needs at least two mechanisms, as in -v softmax -v hard")
    else:
        maps = run_variants(text, context, variants, selection, options)
    if select_segments is not None:
        maps = {name: subset.select_segments(amap, select_segments) for name, amap in maps.items()}
    return join_maps(maps)


def run_variants(
    text: str,
    context: str | None,
    variants: Sequence[str],
    selection: Any,
    options: Mapping[str, Any],
) -> dict[str, AttentionMap]:
    """The maps of mechanisms with untrained weights, by name: every layer runs each of them."""
    passes = {}
    unused: list[tuple[str, ...]] = []
    for name in variants:
        variant_options: Any = {**options, "variant": name}
        forward = build_forward_pass(text, context, **variant_options)
        assert isinstance(forward, SeededPass)  # there is no model
        variant_name = forward.layers.variant.name
        if variant_name in passes:
            raise MisuseError(f"duplicate mechanism: {variant_name}")
        passes[variant_name] = forward
        unused.append(find_unused_options(text, context, **variant_options))
    refuse_unused(
        [name for name in unused[0] if all(name in u for u in unused)], next(iter(passes))
    )
    collectors = {
        name: FullCollector(layers=selection["select_layers"], heads=selection["select_heads"])
        for name in passes
    }
    first = next(iter(passes.values()))

    def attend(call: LayerCall) -> FloatArray:
        for name, forward in passes.items():
            collectors[name].callback(forward.variant_for)(forward.rebuild_call(call))
        return run_unrecorded(call)

    first.run(attend)
    return {name: build_map(passes[name], collectors[name], text, context) for name in passes}


def run_interventions(
    text: str,
    context: str | None,
    variants: Sequence[str],
    selection: Any,
    options: Mapping[str, Any],
) -> dict[str, AttentionMap]:
    """The maps of a pretrained model, by name: the original, then one per intervention."""
    changes = (*PART_OPTIONS, "tunables", "ablate", "at")
    unchanged: Any = {name: value for name, value in options.items() if name not in changes}
    maps = {"original": look(text, context, pool=0, **selection, **unchanged)}
    for name in variants or (None,):
        variant_options: Any = {**options, "variant": name}
        changed = look(text, context, pool=0, **selection, **variant_options)
        if "intervention" not in changed.meta:
            raise MisuseError("nothing to compare; add e.g. -v hard or --ablate 0.1")
        maps[str(changed.meta["intervention"])] = changed
    return maps


def join_maps(maps: dict[str, AttentionMap]) -> AttentionMap:
    """Join maps as heads of one: per original head, each map and its difference from the first.

    Differences are labelled with their mean Jensen–Shannon divergence over layers, in bits.
    """
    (first_name, first), *others = maps.items()
    divergence = {name: head_divergence(first, other) for name, other in others}
    differences = {name: difference(first, other) for name, other in others}
    columns: list[tuple[str, AttentionMap, int]] = []
    compared: list[ComparedHead] = []
    for j, head in enumerate(first.heads):
        for name, amap in maps.items():
            columns.append((f"{name} · head {head}", amap, j))
            kind = "original" if name == first_name else "changed"
            compared.append(ComparedHead(name, kind, head))
        for name, _ in others:
            label, mean = f"{name} − {first_name}", float(divergence[name][:, j].mean())
            columns.append((f"{label} · JS {mean:.3f}", differences[name], j))
            compared.append(ComparedHead(label, "difference", head))
    return AttentionMap(
        queries=first.queries,
        keys=first.keys,
        weights=np.stack([amap.weights[:, j] for _, amap, j in columns], axis=1),
        visible=np.stack([subset.visible_pairs(amap)[:, j] for _, amap, j in columns], axis=1),
        layers=first.layers,
        names=tuple(name for name, _, _ in columns),
        text=first.text,
        context=first.context,
        meta={
            **first.meta,
            "variant": make_title(first, maps),
            "algebra": "each mechanism, then its difference from the first; "
            "JS = Jensen–Shannon divergence in bits",
            "compared": list(maps),
            **comparison_meta(compared),
            "divergence": {name: values.tolist() for name, values in divergence.items()},
            "row_sum": "any",
            "signed": True,
        },
    )


def make_title(first: AttentionMap, maps: Mapping[str, AttentionMap]) -> str:
    """The model if there is one, the mechanisms, and the segments."""
    model = [first.title] if "model" in first.meta else []
    segments = [first.meta["segments"]] if "segments" in first.meta and not model else []
    return ", ".join([*model, " vs. ".join(maps), *segments])
