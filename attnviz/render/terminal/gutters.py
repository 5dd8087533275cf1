"""Gutters: row and column marks of maps whose cells are too small for labels."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from attnviz.core.tokens import Token
from attnviz.record import Record
from attnviz.render.cell_pooling import Pool
from attnviz.render.terminal.screen import Screen

MARK = 12  # minimum cells from one column mark to the next
LABEL = 10  # maximum cells of the token in a row mark


class Gutter(Record):
    """The left margin: position and token of each row."""

    screen: Screen
    tokens: Sequence[Token]

    @property
    def digits(self) -> int:
        """The number of digits of the last position."""
        return len(str(max(0, len(self.tokens) - 1)))

    @property
    def label_width(self) -> int:
        """The width of the token labels, in cells."""
        return min(LABEL, max((cell_len(self.screen.label(t)) for t in self.tokens), default=1))

    @property
    def width(self) -> int:
        """The width of a row mark: position, space, label, space."""
        return self.digits + self.label_width + 2

    def row_mark(self, position: int) -> str:
        """The mark of the row of one position."""
        label = self.screen.align_left(self.screen.label(self.tokens[position]), self.label_width)
        return f"{position:>{self.digits}} {label} "

    def column_marks(
        self, tokens: Sequence[Token], pool: Pool, cells: int = 1, borders: Sequence[int] = ()
    ) -> str:
        """Positions and tokens above the columns, each mark starting at its column.

        A column is `cells` wide and holds `pool.keys` keys. The last mark may extend beyond
        the columns to the edge of the screen. Each of `borders` takes one more cell.
        """
        step, n_column = -(-MARK // cells), pool.n_column(len(tokens))
        line = " " * self.width
        for column in range(0, n_column, step):
            token = tokens[column * pool.keys]
            text = f"|{column * pool.keys} {self.screen.label(token)}"
            if column + step < n_column:
                n_border = sum(column < border <= column + step for border in borders)
                line += self.screen.align_left(text, step * cells - 1 + n_border) + " "
            else:
                line += self.screen.truncate(text, min(MARK, self.screen.width - cell_len(line)))
        return line
