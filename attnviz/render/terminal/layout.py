"""Text layout: lines and blocks of rich segments, side by side and in columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import TypeAlias

from rich.segment import Segment
from rich.style import Style

Line: TypeAlias = list[Segment]
Block: TypeAlias = list[Line]

GAP = 3  # cells between blocks


def text_line(text: str, style: Style | None = None) -> Line:
    """A line of one segment."""
    return [Segment(text, style)]


def line_width(line: Line) -> int:
    """The width of a line in cells."""
    return sum(segment.cell_length for segment in line)


def block_width(block: Block) -> int:
    """The width of the widest line in cells."""
    return max(map(line_width, block), default=0)


def pad_line(line: Line, width: int) -> Line:
    """The line, padded with spaces on the right."""
    return [*line, Segment(" " * max(0, width - line_width(line)))]


def trim_line(line: Line) -> Line:
    """The line without trailing unstyled spaces."""
    line = list(line)
    while line and line[-1].style is None:
        rest = line.pop().text.rstrip()
        if rest:
            line.append(Segment(rest))
            break
    return line


def join_blocks(blocks: Sequence[Block], gap: int, least: int = 0) -> Iterator[Line]:
    """Blocks side by side, each as wide as its widest line, at least `least`."""
    widths = [max(least, block_width(block)) + gap for block in blocks]
    for row in zip_longest(*blocks, fillvalue=[]):
        pairs = zip(row, widths, strict=True)
        yield trim_line([segment for line, width in pairs for segment in pad_line(line, width)])


def count_fitting(width: int, widest: int) -> int:
    """The number of blocks `widest` cells wide that fit side by side."""
    return max(1, (width + GAP) // (widest + GAP))


def max_block_width(width: int, widest: int, n_block: int) -> int:
    """The largest width of blocks at which as many of them still fit side by side."""
    return (width + GAP) // min(n_block, count_fitting(width, widest)) - GAP


def block_columns(blocks: Sequence[Block], width: int) -> Iterator[Line]:
    """Blocks in as many columns as fit, with an empty line below each row of blocks."""
    widest = max(map(block_width, blocks), default=0)
    fit = count_fitting(width, widest)
    for start in range(0, len(blocks), fit):
        yield from join_blocks(blocks[start : start + fit], GAP, widest)
        yield []


def flow_blocks(blocks: Iterable[Block], width: int, gap: int = GAP) -> Iterator[Line]:
    """Blocks in reading order, wrapped where the next one does not fit."""
    row: list[Block] = []
    used = 0
    for block in blocks:
        own_width = block_width(block)
        if row and used + own_width > width:
            yield from join_blocks(row, gap)
            row, used = [], 0
        row.append(block)
        used += own_width + gap
    yield from join_blocks(row, gap)
