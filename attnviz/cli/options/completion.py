"""Shell completion of option values: names from the tables that the options accept."""

from __future__ import annotations

from collections.abc import Callable, Iterable

Completer = Callable[[str], list[str]]


def complete_from(names: Callable[[], Iterable[str]]) -> Completer:
    """A completer of names; they are computed when a value is completed."""

    def complete(incomplete: str) -> list[str]:
        return [name for name in names() if name.startswith(incomplete)]

    return complete


def variant_names() -> Iterable[str]:
    """The mechanisms of the catalogue."""
    from attnviz.core.variants import VARIANTS

    return iter(VARIANTS)


def view_names() -> Iterable[str]:
    """The views."""
    from attnviz.render.views import VIEWS

    return (view.name for view in VIEWS)


def palette_names() -> Iterable[str]:
    """The palettes."""
    from attnviz.render.palette import PALETTES

    return (palette.name for palette in PALETTES)


def norm_names() -> Iterable[str]:
    """The norms of color scales."""
    from attnviz.render.norms import NORMS

    return (norm.name for norm in NORMS)


def format_names() -> Iterable[str]:
    """The output formats."""
    from attnviz.render.formats import FORMATS

    return (row.name for row in FORMATS)


def part_names(slot: str) -> Callable[[], Iterable[str]]:
    """The parts of a slot."""

    def names() -> Iterable[str]:
        from attnviz.core.registry import parts_for

        return (part.name for part in parts_for(slot))

    return names


def measure_names() -> Iterable[str]:
    """The measures of heads, with hyphens."""
    from attnviz.measures.table import MEASURES, hyphenated

    return (hyphenated(row.name) for row in MEASURES)


def effect_order_names() -> Iterable[str]:
    """The orders of a table of head effects."""
    from attnviz.api.head_effects import ORDERS

    return ORDERS


def order_names() -> Iterable[str]:
    """The orders of a table of heads."""
    return ("layer", "pattern", *measure_names())
