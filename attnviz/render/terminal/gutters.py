"""Marks at the edges of a map without room for a label at every cell."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from attnviz.core.tokens import Token
from attnviz.record import Record
from attnviz.render.cell_pooling import Pool
from attnviz.render.terminal.screen import Screen

MARK = 12  # cells from one column mark to the next, at least
LABEL = 10  # cells of a row mark for the token's text, at most


class Gutter(Record):
    """The left edge: which position a row has, and which token stands there."""

    screen: Screen
    tokens: Sequence[Token]

    @property
    def digits(self) -> int:
        """How many digits the last position has."""
        return len(str(max(0, len(self.tokens) - 1)))

    @property
    def label(self) -> int:
        """How wide the text of a token may be."""
        return min(LABEL, max((cell_len(self.screen.label(t)) for t in self.tokens), default=1))

    @property
    def width(self) -> int:
        """Position, a space, text, a space."""
        return self.digits + self.label + 2

    def mark(self, position: int) -> str:
        """The mark of one position."""
        label = self.screen.left(self.screen.label(self.tokens[position]), self.label)
        return f"{position:>{self.digits}} {label} "

    def column_marks(
        self, tokens: Sequence[Token], pool: Pool, cells: int = 1, borders: Sequence[int] = ()
    ) -> str:
        """Positions and tokens above the columns, each beginning at the column that it names.

        A column is `cells` wide, and as many keys share it as are pooled. The last mark may
        reach beyond its columns as far as the screen does. A line comes down before each of
        `borders`.
        """
        step, n_column = -(-MARK // cells), pool.columns(len(tokens))
        line = " " * self.width
        for column in range(0, n_column, step):
            token = tokens[column * pool.keys]
            text = f"|{column * pool.keys} {self.screen.label(token)}"
            if column + step < n_column:
                n_border = sum(column < border <= column + step for border in borders)
                line += self.screen.left(text, step * cells - 1 + n_border) + " "
            else:
                line += self.screen.fit(text, min(MARK, self.screen.width - cell_len(line)))
        return line
