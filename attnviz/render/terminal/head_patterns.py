"""Below an overview: the heads that stand out, by the pattern that they fit."""

from __future__ import annotations

from collections.abc import Iterator

from attnviz.render.terminal.context import Scene
from attnviz.render.terminal.layout import Line, padded, plain

MOST = 5  # heads named for each pattern
GAP = 2


def habits(scene: Scene) -> Iterator[Line]:
    """A line for each pattern that any head fits, with the heads that fit it best."""
    screen, by_name = scene.screen, grouped(scene)
    if not by_name:
        return
    yield []
    yield from scene.paragraph("heads that stand out: layer.head (how well it fits, 0 to 1)")
    edge = max(map(len, by_name)) + GAP
    for name, heads in by_name.items():
        said = ", ".join(f"{layer}.{head} ({score:.2f})" for score, layer, head in heads[:MOST])
        more = f" and {len(heads) - MOST} more" if len(heads) > MOST else ""
        for number, text in enumerate(screen.wrap(said + more, screen.width - edge)):
            label = plain("" if number else name, screen.look("bold"))
            yield [*padded(label, edge), *plain(text)]


def grouped(scene: Scene) -> dict[str, list[tuple[float, int, int]]]:
    """Score, layer and head by pattern: rare patterns first, heads that fit best first."""
    found: dict[str, list[tuple[float, int, int]]] = {}
    for (layer, head), (name, score) in scene.style.patterns.items():
        found.setdefault(name, []).append((score, layer, head))
    for heads in found.values():
        heads.sort(key=lambda fit: (-fit[0], *fit[1:]))
    return dict(sorted(found.items(), key=lambda item: len(item[1])))
