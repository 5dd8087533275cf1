"""Head patterns below an overview: previous token, induction… with their best heads."""

from __future__ import annotations

from collections.abc import Iterator

from attnviz.render.terminal.context import RenderContext
from attnviz.render.terminal.layout import Line, pad_line, text_line

MAX_HEADS = 5  # heads listed per pattern
GAP = 2


def pattern_lines(context: RenderContext) -> Iterator[Line]:
    """One line per pattern that any head matches, with its highest-scoring heads."""
    screen, by_name = context.screen, group_by_pattern(context)
    if not by_name:
        return
    yield []
    yield from context.wrap_lines("heads by pattern: layer.head (score, 0 to 1)")
    edge = max(map(len, by_name)) + GAP
    for name, heads in by_name.items():
        best = heads[:MAX_HEADS]
        listed = ", ".join(f"{layer}.{head} ({score:.2f})" for score, layer, head in best)
        more = f" and {len(heads) - MAX_HEADS} more" if len(heads) > MAX_HEADS else ""
        for number, text in enumerate(screen.wrap(listed + more, screen.width - edge)):
            label = text_line("" if number else name, screen.style("bold"))
            yield [*pad_line(label, edge), *text_line(text)]


def group_by_pattern(context: RenderContext) -> dict[str, list[tuple[float, int, int]]]:
    """(score, layer, head) by pattern: rare patterns first, high scores first."""
    groups: dict[str, list[tuple[float, int, int]]] = {}
    for (layer, head), (name, score) in context.style.patterns.items():
        groups.setdefault(name, []).append((score, layer, head))
    for heads in groups.values():
        heads.sort(key=lambda entry: (-entry[0], *entry[1:]))
    return dict(sorted(groups.items(), key=lambda item: len(item[1])))
