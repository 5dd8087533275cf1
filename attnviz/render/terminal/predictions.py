"""Predicted tokens below a view: a column per position, a line per token."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len

from attnviz.render.prediction_texts import PredictionList, prediction_lists
from attnviz.render.terminal.context import RenderContext
from attnviz.render.terminal.layout import Block, Line, flow_blocks, text_line

MAX_LABEL = 24  # cells
GAP = 2  # between label and probability


def prediction_lines(context: RenderContext) -> Iterator[Line]:
    """The predicted tokens at each position; nothing for a map without predictions."""
    lists = prediction_lists(context.amap, context.style.precision)
    if lists:
        yield []
        yield from flow_blocks(
            (prediction_block(context, each) for each in lists), context.screen.width
        )


def prediction_block(context: RenderContext, predictions: PredictionList) -> Block:
    """The tokens predicted at one position."""
    screen = context.screen
    labels = [screen.truncate(screen.encodable(label), MAX_LABEL) for label, _ in predictions.rows]
    edge = max(map(cell_len, labels), default=0) + GAP
    heading = screen.truncate(screen.encodable(predictions.heading), screen.width)
    return [
        text_line(heading, screen.style("bold")),
        *(
            text_line(screen.align_left(label, edge) + probability)
            for label, (_, probability) in zip(labels, predictions.rows, strict=True)
        ),
    ]
