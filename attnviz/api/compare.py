"""compare: several mechanisms on one sentence, and their differences from the first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Unpack

from attnviz.api.blas_threads import use_threads
from attnviz.api.compare_texts import compare_texts
from attnviz.api.join_maps import join_maps
from attnviz.api.pending_map import build_map
from attnviz.argument_types import abbreviate, require_type
from attnviz.core import subset
from attnviz.core.arrays import FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.engine.collectors import run_unrecorded
from attnviz.core.engine.full_collector import FullCollector
from attnviz.core.engine.layer_call import LayerCall
from attnviz.core.selection import HeadSelection, Selector
from attnviz.errors import MisuseError, UnknownParameterError
from attnviz.measures.difference import require_equal_shapes
from attnviz.sources.forward_pass import (
    ForwardPass,
    build_forward_pass,
    check_request,
    find_unused_options,
    refuse_unused,
)
from attnviz.sources.options import PART_OPTIONS, Options, validate_options
from attnviz.sources.seeded.run_seeded import SeededPass, describe_overrides
from attnviz.sources.token_text import TextInput, as_text

COPIES_PER_PASS = 7  # maps in memory per recorded one: as recorded, differences, joined
Indices = tuple[int, ...] | None  # of layers or heads; None: all


def compare(
    text: TextInput,
    context: TextInput | None = None,
    *,
    variants: Sequence[str] = (),
    other_text: TextInput | None = None,
    differences: bool = True,
    select_layers: Selector = None,
    select_heads: Selector = None,
    select_segments: str | None = None,
    **options: Unpack[Options],
) -> AttentionMap:
    """Compare mechanisms on one sentence, or one mechanism on two sentences.

    Without a model, all mechanisms get the queries and keys of the first one, as far as their
    head layouts agree; the output of the first is the input of the next layer. With a model,
    each mechanism is an intervention in a run of its own, compared with the original model.
    Two sentences of equally many tokens are aligned by position, others by the tokens that they
    share; meta["alignment"] states which.

    Args:
        text: the sentence, or its tokens as a list; the tokens are the queries.
        context: a second sentence whose tokens are the keys (cross-attention); None: the text.
        variants: names of mechanisms, two or more, each perhaps with settings
            ("scaled-dot:temperature=2"); with a model one or more, or none if the options state
            an intervention (such as `ablate`). With `other_text`, one or none.
        other_text: a second sentence to compare the first with.
        differences: whether to add the difference of each map from the first.
        select_layers: the layers to keep, as for `attnviz.look`.
        select_heads: the heads to keep, as for `attnviz.look`.
        select_segments: for sentence pairs, the segments of queries and keys, as in "A,B".
        options: as for `attnviz.look`.

    Returns:
        A map that holds, per original head, one head per mechanism (or sentence) and one per
        difference.
        `names` labels them; meta["comparison"] has the name, kind ("original", "changed" or
        "difference") and original head of each; meta["divergence"] has the Jensen–Shannon
        divergence from the first, per mechanism [layer][head], in bits from 0 to 1.

    Raises:
        MisuseError: nothing to compare, mechanisms with different numbers of heads, or
            sentences of different lengths that share no token.

    >>> amap = compare("The cat sat", variants=["scaled-dot", "hard"])
    >>> [entry["name"] for entry in amap.meta["comparison"]]
    ['scaled-dot', 'hard', 'hard − scaled-dot']
    """
    require_type("differences", differences, bool)
    text = as_text("text", text)
    context = None if context is None else as_text("context", context)
    selection = HeadSelection.parse(select_layers, select_heads)
    require_type("select_segments", select_segments, str)
    is_list = isinstance(variants, Sequence) and not isinstance(variants, str | bytes)
    if not is_list or not all(isinstance(variant, str) for variant in variants):
        raise UnknownParameterError(f"variants={abbreviate(variants)} should be a list of names")
    if other_text is not None:
        kept: Any = {
            "select_layers": select_layers,
            "select_heads": select_heads,
            "select_segments": select_segments,
        }
        texts = text, as_text("other_text", other_text)
        return compare_texts(texts, context, variants, kept, options, differences=differences)
    if options.get("model"):
        passes = build_interventions(text, context, variants, options)
    elif len(variants) < 2:
        raise MisuseError(
            "compare needs at least two mechanisms, as in -v softmax -v hard, or a second sentence"
        )
    else:
        passes = build_variants(text, context, variants, options)
    selected = check_passes(passes, selection)
    collectors = {
        name: FullCollector(layers=layers, heads=heads, n_layer=passes[name].n_layer)
        for name, (layers, heads) in selected.items()
    }
    run_passes(passes, collectors, last_layer(selected.values()))
    maps = {
        name: selection.reduce(build_map(passes[name], collectors[name], text, context))
        for name in passes
    }
    if not options.get("model"):
        composed: Any = {"composed": describe_overrides(validate_options(options))}
        maps = {name: replace(amap, meta={**amap.meta, **composed}) for name, amap in maps.items()}
    if select_segments is not None:
        maps = {name: subset.select_segments(amap, select_segments) for name, amap in maps.items()}
    first = next(iter(maps.values()))
    subject = first.title if "model" in first.meta else ""
    return join_maps(maps, subject, "each mechanism", differences=differences)


def build_variants(
    text: str, context: str | None, variants: Sequence[str], options: Mapping[str, Any]
) -> dict[str, ForwardPass]:
    """The passes of mechanisms with untrained weights, by name."""
    passes: dict[str, ForwardPass] = {}
    unused: list[tuple[str, ...]] = []
    mechanisms: list[Any] = [{**drop_unset(options), "variant": name} for name in variants]
    depth = max(build_forward_pass(text, context, **own).n_layer for own in mechanisms)
    for name, own in zip(variants, mechanisms, strict=True):
        variant_options: Any = {**own, "layers": depth}
        forward = build_forward_pass(text, context, **variant_options)
        label = label_variant(str(forward.meta()["variant"]), name)
        add_pass(passes, label, forward)
        unused.append(find_unused_options(text, context, **variant_options))
        refuse_unused([key for key in unused[-1] if options.get(key) is None], label)
    refuse_unused(
        [name for name in unused[0] if all(name in u for u in unused)], next(iter(passes))
    )
    return passes


def build_interventions(
    text: str, context: str | None, variants: Sequence[str], options: Mapping[str, Any]
) -> dict[str, ForwardPass]:
    """The passes of a pretrained model, by name: the original, then one per intervention."""
    changes = (*PART_OPTIONS, "tunables", "ablate", "at")
    unchanged: Any = {name: value for name, value in options.items() if name not in changes}
    passes = {"original": build_forward_pass(text, context, **unchanged)}
    for name in variants or (None,):
        variant_options: Any = {**options, "variant": name}
        changed = build_forward_pass(text, context, **variant_options)
        if "intervention" not in changed.meta():
            raise MisuseError("nothing to compare; add e.g. -v hard or --ablate 0.1")
        add_pass(passes, str(changed.meta()["intervention"]), changed)
    return passes


def add_pass(passes: dict[str, ForwardPass], name: str, forward: ForwardPass) -> None:
    """Add a pass under its name; MisuseError for a name that there is already."""
    if name in passes:
        raise MisuseError(f"duplicate mechanism: {name}")
    passes[name] = forward


def check_passes(
    passes: Mapping[str, ForwardPass], selection: HeadSelection
) -> dict[str, tuple[Indices, Indices]]:
    """The numbers of the layers and heads to record for each pass; None for all of them.

    Raises MisuseError, before any layer runs, for passes that cannot be compared: for layers and
    heads that one of them lacks, for maps of different shapes, and for more memory than there is.
    """
    selected, shapes = {}, []
    for name, forward in passes.items():
        layers, heads = selection.resolve(range(forward.n_layer), range(forward.n_head))
        check_request(forward, layers, heads, n_copy=COPIES_PER_PASS * len(passes))
        selected[name] = layers, heads
        shapes.append(
            (
                1 if selection.layer_reduction else len(layers or range(forward.n_layer)),
                1 if selection.head_reduction else len(heads or range(forward.n_head)),
                len(forward.queries),
                len(forward.keys),
            )
        )
    for shape in shapes[1:]:
        require_equal_shapes(shapes[0], shape)
    return selected


def last_layer(selected: Iterable[tuple[Indices, Indices]]) -> int | None:
    """The last layer that any pass records; None for all layers."""
    last = [layers if layers is None else max(layers) for layers, _ in selected]
    return None if None in last else max(number for number in last if number is not None)


@use_threads()
def run_passes(
    passes: Mapping[str, ForwardPass], collectors: Mapping[str, FullCollector], last: int | None
) -> None:
    """Run the passes up to and including a layer (None: all), each into its collector.

    Every layer of untrained weights runs each mechanism on the inputs of the first one; a
    pretrained model runs once per intervention.
    """
    seeded = {name: run for name, run in passes.items() if isinstance(run, SeededPass)}

    def attend(call: LayerCall) -> FloatArray:
        for name, forward in seeded.items():
            collectors[name].callback(forward.variant_for)(forward.rebuild_call(call))
        return run_unrecorded(call)

    if seeded:
        next(iter(seeded.values())).run(attend, last)
        return
    for name, forward in passes.items():
        forward.run(collectors[name].callback(forward.variant_for), last)


def label_variant(name: str, requested: str) -> str:
    """The name of a mechanism in a comparison, with the settings that were requested.

    >>> label_variant("scaled-dot", "sdpa: temperature=2")
    'scaled-dot:temperature=2'
    """
    settings = requested.partition(":")[2] if isinstance(requested, str) else ""
    return f"{name}:{''.join(settings.split())}" if settings else name


def drop_unset(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that have a value."""
    return {name: value for name, value in options.items() if value is not None}
