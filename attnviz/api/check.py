"""check: validation of attention weights (row sums, masking, padding)."""

from __future__ import annotations

from typing import NamedTuple

from attnviz.argument_types import require_given, require_type
from attnviz.core.arrays import BoolArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.compose.grammar import parse_mask
from attnviz.core.compose.mask_pairs import allowed_pairs
from attnviz.core.masks import Mask
from attnviz.core.tokens import Token
from attnviz.measures.check import Violation, find_violations
from attnviz.measures.padding_keys import is_padding
from attnviz.measures.row_mass import row_sum_tolerance
from attnviz.measures.rules import Requirements
from attnviz.render.safe_text import escape_token

TEXT_TOLERANCE = 1e-5  # row sums of text with the digits of float32 may be off by this


class CheckResult(NamedTuple):
    """The violations of a map, none if it is valid, and the requirements that were checked."""

    violations: list[Violation]
    requirements: Requirements


def check(
    amap: AttentionMap,
    *,
    causal: bool = False,
    window: int | None = None,
    mask: str | Mask | None = None,
    row_sum: str | None = None,
    signed: bool = False,
    tolerance: float | None = None,
) -> CheckResult:
    """Validate attention weights: row sums, signs, masking, padding.

    Maps of attnviz are checked against their own metadata. Maps of other programs should have
    non-negative rows that sum to 1, unless `row_sum` and `signed` allow more.

    Args:
        amap: the map to check.
        causal: require that no query attends to a later key.
        window: require |query − key| < window.
        mask: require that no query attends to a key that this mask excludes, such as
            "causal & same-document" for texts packed into one sequence.
        row_sum: required row sum: "1", "at most 1" or "any"; None: as the map states, else "1".
        signed: allow negative weights.
        tolerance: how far row sums may be from 1; None: by the precision of the weights.

    Returns:
        The violations, one per rule and head, the worst first, each with a sentence that
        describes it; and the requirements that were checked.

    In a test of a model, `assert check(amap, causal=True).violations == []`.

    >>> import attnviz
    >>> amap = attnviz.read([[0.6, 0.4], [0.25, 0.75]], ["a", "b"])
    >>> [violation.sentence for violation in check(amap, causal=True).violations]
    ['layer 0, head 0: query 0 (a) → key 1 (b): weight 0.4 on a future position']
    """
    require_given("amap", amap, AttentionMap)
    require_type("row_sum", row_sum, str)
    for name, value in (("causal", causal), ("signed", signed)):
        require_type(name, value, bool)
    require_type("window", window, int)
    require_type("mask", mask, str, Mask)
    required = parse_mask(mask) if isinstance(mask, str) else mask
    require_type("tolerance", tolerance, float)
    is_own = amap.meta.get("source") != "foreign"
    stated = Requirements.from_map(amap) if is_own else Requirements()
    requirements = Requirements(
        row_sum=row_sum or stated.row_sum,
        signed=signed or stated.signed,
        causal=causal,
        window=window,
        mask=None if required is None else str(required),
        tolerance=max(TEXT_TOLERANCE, row_sum_tolerance(amap.weights))
        if tolerance is None
        else tolerance,
    )
    names = (label_positions(amap.queries), label_positions(amap.keys))
    allowed: BoolArray | bool = True
    if required is not None:
        pairs = allowed_pairs(required, amap.queries, amap.keys, max(amap.heads) + 1)
        allowed = pairs[list(amap.heads)]
    violations = find_violations(amap, requirements, names=names, allowed=allowed)
    return CheckResult(violations, requirements)


def label_positions(tokens: tuple[Token, ...]) -> list[str]:
    """Each token as its position and label; positions that stand for tokens only once."""
    labels = [escape_token(token.label) for token in tokens]
    return [
        label if label == str(position) else f"{position} ({label})"
        for position, label in enumerate(labels)
    ]


def describe_violations(violations: list[Violation]) -> str:
    """How many violations there are, of how many rules and in how many heads, in one line."""
    heads = {(violation.layer, violation.head) for violation in violations}
    rules = {violation.rule for violation in violations}
    counts = (
        (sum(violation.count for violation in violations), "violation"),
        (len(rules), "rule"),
        (len(heads), "head"),
    )
    violated, of_rules, in_heads = (f"{n:,} {what}{'s' * (n != 1)}" for n, what in counts)
    return f"{violated} of {of_rules} in {in_heads}"


def describe_passed(amap: AttentionMap, requirements: Requirements) -> str:
    """The size of a valid map, the requirements that it meets, and what was not checked."""
    n_layer, n_head, n_query, n_key = amap.weights.shape
    forbidden = ["masked"] if amap.masked is not None else []
    forbidden += ["padding"] if any(is_padding(amap)) else []
    window = requirements.window
    passed = [
        "" if requirements.signed else "no negative weights",
        "" if requirements.row_sum == "any" else f"rows sum to {requirements.row_sum}",
        f"no weight on {' or '.join(forbidden)} keys" if forbidden else "",
        "causal" if requirements.causal else "",
        "" if window is None else f"no attention outside window {window}",
        "" if requirements.mask is None else f"no weight outside {requirements.mask}",
    ]
    layers = f"{n_layer} layer{'s' * (n_layer != 1)}"
    heads = f"{n_head} head{'s' * (n_head != 1)}"
    requirements_met = ", ".join(filter(None, passed)) or "no requirements"
    unchecked = [
        "negative weights" if requirements.signed else "",
        "row sums" if requirements.row_sum == "any" else "",
        "" if amap.masked is not None else "masked keys (none known)",
        "" if any(is_padding(amap)) else "padding (none known)",
        "" if requirements.causal or requirements.mask is not None else "causality",
        "" if window is not None or requirements.mask is not None else "window",
    ]
    not_checked = ", ".join(filter(None, unchecked)) or "nothing"
    return (
        f"{layers} × {heads}, {n_query} × {n_key}: {requirements_met}; not checked: {not_checked}"
    )
