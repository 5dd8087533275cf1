"""reduce: layers, heads and tokens of a map combined step by step."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from attnviz.argument_types import require_given
from attnviz.core.attention_map import AttentionMap
from attnviz.core.comparison import without_divergence
from attnviz.core.reduction import REDUCTIONS, reduce_heads, reduce_layers
from attnviz.core.token_reduction import drop_special, merge_words, reduce_tokens
from attnviz.core.token_selection import TokenSelector, find_tokens
from attnviz.core.tokens import Tokens
from attnviz.errors import MisuseError, UnknownNameError
from attnviz.lookup import unknown_name_message
from attnviz.measures.flow import flow
from attnviz.measures.rollout import RESIDUAL, rollout
from attnviz.record import Record

Reduction = Callable[[AttentionMap, float | None], AttentionMap]
STEP = re.compile(r"\s*([a-z]+)\s*:\s*([a-z]+)\s*(?:=\s*([^\s=]+)\s*)?")


def last_rollout(amap: AttentionMap, residual: float | None) -> AttentionMap:
    """The rollout after the last layer, as one layer with one head."""
    n = amap.n_layer
    result = rollout(amap, RESIDUAL if residual is None else residual)
    result = result.select(layers=[amap.layers[-1]])
    label = f"rollout of {n} layer{'' if n == 1 else 's'}"
    return replace(result, layers=(), meta={**result.meta, "reduced_layers": label})


def last_flow(amap: AttentionMap, residual: float | None) -> AttentionMap:
    """The attention flow from the last layer, as one layer with one head."""
    n = amap.n_layer
    result = flow(amap, residual=RESIDUAL if residual is None else residual)
    label = f"flow through {n} layer{'' if n == 1 else 's'}"
    return replace(result, layers=(), meta={**result.meta, "reduced_layers": label})


def last_layer(amap: AttentionMap, value: float | None) -> AttentionMap:
    """The last layer of the map."""
    last = amap.select(layers=[amap.layers[-1]])
    return last if amap.n_layer == 1 else without_divergence(last)


def by_name(reduce: Callable[[AttentionMap, str], AttentionMap], how: str) -> Reduction:
    """A reduction of core.reduction by its name."""
    return lambda amap, value: reduce(amap, how)


# The reductions of each axis; those in WITH_VALUE take a number, as in "layers:rollout=0.3".
REDUCTIONS_BY_AXIS: Mapping[str, Mapping[str, Reduction]] = {
    "layers": {
        "rollout": last_rollout,
        "flow": last_flow,
        "last": last_layer,
        **{how: by_name(reduce_layers, how) for how in ("mean", "max", "min")},
    },
    "heads": {how: by_name(reduce_heads, how) for how in REDUCTIONS},
    "tokens": {
        "words": lambda amap, value: merge_words(amap),
        "all": lambda amap, value: amap,
    },
    "special": {"drop": lambda amap, value: drop_special(amap)},
}
WITH_VALUE = ("rollout", "flow")  # the weight of the residual connection


class Step(Record):
    """One step: an axis, the name of its reduction, and its number, if any."""

    axis: str
    how: str
    value: float | None = None

    def __str__(self) -> str:
        return f"{self.axis}:{self.how}" + ("" if self.value is None else f"={self.value:g}")


def reduce(amap: AttentionMap, *steps: str) -> AttentionMap:
    """Combine layers, heads and tokens of a map into fewer, one step after the other.

    Steps are "layers:rollout" (R = ((1 − r) Ā + r I) R_below, 2005.00928; "layers:rollout=0.3"
    for another residual weight r than 0.5), "layers:flow" (maximum flow, 2005.00928),
    "layers:last", "layers:mean", "layers:max", "layers:min"; "heads:mean", "heads:max",
    "heads:min"; "tokens:words" (pieces of a word summed over keys and averaged over queries),
    "tokens:all"; "special:drop" (special tokens left out, rows keep their sums).

    Args:
        amap: the map.
        steps: the steps in their order, each axis once.

    Returns:
        The reduced map; meta["reduced"] states all that was done.

    Raises:
        UnknownNameError: an axis or a reduction that does not exist.
        MisuseError: an order without sense, or a step that is not defined for this map, such as
            the rollout of cross-attention or of a pooled map.

    >>> import attnviz
    >>> amap = attnviz.look("the cat sat", variant="causal", layers=3, heads=2)
    >>> reduced = reduce(amap, "layers:rollout")
    >>> reduced.weights.shape, reduced.meta["reduced_layers"]
    ((1, 1, 3, 3), 'rollout of 3 layers')
    """
    require_given("amap", amap, AttentionMap)
    return apply_steps(amap, parse_steps(steps))


def apply_steps(amap: AttentionMap, steps: Iterable[Step]) -> AttentionMap:
    """The map after these steps.    [layer, head, query, key] -> fewer of each"""
    for step in steps:
        amap = REDUCTIONS_BY_AXIS[step.axis][step.how](amap, step.value)
    return amap


def parse_steps(texts: Iterable[str]) -> tuple[Step, ...]:
    """The steps that texts stand for, each "axis:reduction", perhaps several with commas.

    Raises UnknownNameError and MisuseError as `reduce` does, before anything is computed.
    """
    for text in texts:
        require_given("steps", text, str)
    steps = [parse_step(item) for text in texts for item in text.split(",")]
    require_sensible_order(steps)
    return tuple(steps)


def parse_step(text: str) -> Step:
    """One step, as in "layers:rollout=0.3"."""
    match = STEP.fullmatch(text)
    if not match:
        axes = "; ".join(f"{axis}:{'|'.join(hows)}" for axis, hows in REDUCTIONS_BY_AXIS.items())
        raise MisuseError(f"--reduce {text.strip()!r:.80} must be one of {axes}")
    axis, how, value = match.groups()
    if axis not in REDUCTIONS_BY_AXIS:
        raise UnknownNameError(unknown_name_message(axis, REDUCTIONS_BY_AXIS, "axis of --reduce"))
    if how not in REDUCTIONS_BY_AXIS[axis]:
        kind = f"reduction of {axis}"
        raise UnknownNameError(unknown_name_message(how, REDUCTIONS_BY_AXIS[axis], kind))
    if value is None:
        return Step(axis, how)
    try:
        number = float(value)
    except ValueError:
        raise MisuseError(f"--reduce {text.strip()!r:.80}: {value!r} is not a number") from None
    if how not in WITH_VALUE or not 0 <= number < 1:
        raise MisuseError(
            f"--reduce {text.strip()!r:.80}: rollout and flow take a residual weight from 0 to "
            "below 1, as in layers:rollout=0.3; the others no number"
        )
    return Step(axis, how, number)


def require_sensible_order(steps: list[Step]) -> None:
    """Refuse an axis given twice, and steps after which another one has nothing to do."""
    axes = [step.axis for step in steps]
    for axis in axes:
        if axes.count(axis) > 1:
            raise MisuseError(f"--reduce: {axis} are given twice; one reduction of each axis")
    through = next((step for step in steps if step.how in WITH_VALUE), None)
    if through is None:
        return
    before, after = axes[: steps.index(through)], axes[steps.index(through) + 1 :]
    if {"tokens", "special"} & {*before}:
        raise MisuseError(
            f"--reduce: {through} needs every token; put it before tokens and special"
        )
    if "heads" in after:
        raise MisuseError(f"--reduce: {through} leaves one head; put heads before it")


def check_tokens(
    steps: Iterable[Step], tokens: Tokens, selector: TokenSelector, side: str
) -> None:
    """Raise MisuseError, before any layer runs, for selected tokens that the text lacks."""
    if selector is not None:
        names = [f"{step.axis}:{step.how}" for step in steps]
        is_left = {"words": "tokens:words" in names, "special": "special:drop" in names}
        find_tokens(selector, reduce_tokens(tokens, **is_left), side)
