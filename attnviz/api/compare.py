"""The same tokens, query and key under several mechanisms, and what differs from the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

import numpy as np

from attnviz.api.look import look, map_of
from attnviz.core.arrays import FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.engine.collectors import FullMap, unkept
from attnviz.core.engine.layer_call import LayerCall
from attnviz.core.subset import between
from attnviz.errors import MisuseError
from attnviz.measure.difference import difference, head_divergence
from attnviz.sources.forward_pass import subject_of
from attnviz.sources.options import PARTS, Options
from attnviz.sources.seeded.run_seeded import FromSeed


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
    """Several mechanisms side by side: for each head every mechanism, then the differences.

    Without a model, all mechanisms get the query and key that the first one has, as far as
    their heads are alike; the first one's output goes on to the next layer. With a model, each
    one is an intervention in a run of its own, and the first is the model as it is.

    Args:
        text: the sentence whose tokens ask.
        context: another sentence whose tokens answer; None: the text itself.
        variants: names of the catalogue, two or more; with a model one or more, or none where
            the options say what is changed.
        select_layers: the layers to keep.
        select_heads: the heads to keep.
        select_segments: of a pair of texts, who looks and who is looked at, as in "A,B".
        options: as for `look`.

    Raises:
        MisuseError: nothing to compare, or maps that cannot be laid on one another.
    """
    wanted: dict[str, Any] = {"select_layers": select_layers, "select_heads": select_heads}
    if options.get("model"):
        maps = interventions(text, context, variants, wanted, options)
    elif len(variants) < 2:
        raise MisuseError(
            f"{len(variants)} mechanism{'s' * (len(variants) != 1)} to compare; "
            "give two or more, as in -v softmax -v hard"
        )
    else:
        maps = side_by_side(text, context, variants, wanted, options)
    if select_segments is not None:
        maps = {name: between(amap, select_segments) for name, amap in maps.items()}
    return beside(maps)


def side_by_side(
    text: str,
    context: str | None,
    variants: Sequence[str],
    wanted: Any,
    options: Mapping[str, Any],
) -> dict[str, AttentionMap]:
    """Seeded numbers: every layer is asked once for each mechanism."""
    subjects = {}
    for name in variants:
        asked: Any = {**options, "variant": name}
        subject = subject_of(text, context, **asked)
        assert isinstance(subject, FromSeed)  # there is no model
        subjects[subject.source.variant.name] = subject
    if len(subjects) < len(variants):
        raise MisuseError(f"some of {', '.join(variants)} are the same; give different ones")
    kept = {
        name: FullMap(layers=wanted["select_layers"], heads=wanted["select_heads"])
        for name in subjects
    }
    first = next(iter(subjects.values()))

    def attend(call: LayerCall) -> FloatArray:
        for name, subject in subjects.items():
            kept[name].attend(subject.choose)(subject.recast(call))
        return unkept(call)

    first.run(attend)
    return {name: map_of(subjects[name], kept[name], text, context) for name in subjects}


def interventions(
    text: str,
    context: str | None,
    variants: Sequence[str],
    wanted: Any,
    options: Mapping[str, Any],
) -> dict[str, AttentionMap]:
    """A real model as it is, then with each change."""
    plain = {k: v for k, v in options.items() if k not in (*PARTS, "tunables", "ablate", "at")}
    maps = {"as it is": look(text, context, pool=0, **wanted, **dict[str, Any](plain))}
    for name in variants or (None,):
        asked: Any = {**options, "variant": name}
        changed = look(text, context, pool=0, **wanted, **asked)
        if "intervention" not in changed.meta:
            raise MisuseError("nothing is changed; say what, as in -v hard or --ablate 0.1")
        maps[str(changed.meta["intervention"])] = changed
    return maps


def beside(maps: dict[str, AttentionMap]) -> AttentionMap:
    """One map whose heads are, head by head, each mechanism and its difference from the first.

    Differences are named by the mechanism and the Jensen–Shannon divergence of the head, in
    bits from 0 to 1.
    """
    (first_name, first), *others = maps.items()
    columns: list[tuple[str, AttentionMap, int]] = []
    divergence = {name: head_divergence(first, other) for name, other in others}
    gained = {name: difference(first, other) for name, other in others}
    for j, head in enumerate(first.heads):
        columns += [(f"{name} · head {head}", amap, j) for name, amap in maps.items()]
        for name, _ in others:
            apart = float(divergence[name][:, j].mean())
            columns.append((f"{name} − {first_name} · JS {apart:.3f}", gained[name], j))
    return AttentionMap(
        queries=first.queries,
        keys=first.keys,
        weights=np.stack([amap.weights[:, j] for _, amap, j in columns], axis=1),
        visible=np.stack([seen(amap)[:, j] for _, amap, j in columns], axis=1),
        layers=first.layers,
        names=tuple(name for name, _, _ in columns),
        text=first.text,
        context=first.context,
        meta={
            **first.meta,
            "variant": title(first, maps),
            "algebra": "each mechanism, then what it gains on the first; JS in bits, 0 the same",
            "compared": list(maps),
            "divergence": {name: apart.tolist() for name, apart in divergence.items()},
            "row_sum": "any",
            "signed": True,
        },
    )


def title(first: AttentionMap, maps: Mapping[str, AttentionMap]) -> str:
    """Whose mechanisms, which ones, and of which texts."""
    model = [first.title] if "model" in first.meta else []
    of_texts = [first.meta["segments"]] if "segments" in first.meta and not model else []
    return ", ".join([*model, " against ".join(maps), *of_texts])


def seen(amap: AttentionMap) -> Any:
    """What may be looked at.    -> [layer, head, query, key]"""
    visible = np.ones(1, bool) if amap.visible is None else amap.visible
    return np.broadcast_to(visible, amap.weights.shape)
