"""Lines of segments, and how they stand beside and below one another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import TypeAlias

from rich.segment import Segment
from rich.style import Style

Line: TypeAlias = list[Segment]
Block: TypeAlias = list[Line]

GAP = 3  # cells between blocks


def plain(text: str, style: Style | None = None) -> Line:
    """One text as a line."""
    return [Segment(text, style)]


def width_of(line: Line) -> int:
    """How many cells a line takes."""
    return sum(segment.cell_length for segment in line)


def block_width(block: Block) -> int:
    """How many cells its widest line takes."""
    return max(map(width_of, block), default=0)


def padded(line: Line, width: int) -> Line:
    """The line, filled up with spaces."""
    return [*line, Segment(" " * max(0, width - width_of(line)))]


def trimmed(line: Line) -> Line:
    """The line without the bare spaces at its end."""
    line = list(line)
    while line and line[-1].style is None:
        rest = line.pop().text.rstrip()
        if rest:
            line.append(Segment(rest))
            break
    return line


def joined(blocks: Sequence[Block], gap: int, least: int = 0) -> Iterator[Line]:
    """Blocks side by side, each as wide as its widest line, or as `least`."""
    widths = [max(least, block_width(block)) + gap for block in blocks]
    for row in zip_longest(*blocks, fillvalue=[]):
        pairs = zip(row, widths, strict=True)
        yield trimmed([segment for line, width in pairs for segment in padded(line, width)])


def fitting(width: int, widest: int) -> int:
    """How many blocks of this width stand side by side."""
    return max(1, (width + GAP) // (widest + GAP))


def share_of(width: int, widest: int, n_block: int) -> int:
    """How wide blocks may become before fewer of them stand side by side."""
    return (width + GAP) // min(n_block, fitting(width, widest)) - GAP


def beside(blocks: Sequence[Block], width: int) -> Iterator[Line]:
    """Blocks in columns, as many as the width allows, with a blank line below each row."""
    widest = max(map(block_width, blocks), default=0)
    fit = fitting(width, widest)
    for start in range(0, len(blocks), fit):
        yield from joined(blocks[start : start + fit], GAP, widest)
        yield []


def flow(blocks: Iterable[Block], width: int, gap: int = GAP) -> Iterator[Line]:
    """Blocks one after another, going on below where one does not fit any more."""
    row: list[Block] = []
    taken = 0
    for block in blocks:
        wide = block_width(block)
        if row and taken + wide > width:
            yield from joined(row, gap)
            row, taken = [], 0
        row.append(block)
        taken += wide + gap
    yield from joined(row, gap)
