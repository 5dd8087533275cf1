"""Tokens of a text in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from attnviz.core.tokens import Token
from attnviz.record import Record
from attnviz.render.safe_text import escape_token, truncate


class TokenTable(Record):
    """One line per token: index, label, piece, id, and its character offsets in the text."""

    tokens: Sequence[Token]
    ids: Sequence[int]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        widest = max(8, (options.max_width - 34) // 2)
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        table.add_column("#", justify="right")
        table.add_column("label", no_wrap=True)
        table.add_column("piece", no_wrap=True)
        table.add_column("id", justify="right")
        table.add_column("characters", no_wrap=True)
        for index, (token, id) in enumerate(zip(self.tokens, self.ids, strict=True)):
            offsets = "special" if token.special else f"{token.start}–{token.end}"
            table.add_row(
                str(index),
                Text(truncate(escape_token(token.label), widest), style="bold"),
                Text(truncate(escape_token(token.piece), widest)),
                str(id),
                offsets,
            )
        yield table
        n_token = len(self.tokens)
        yield Text(f"{n_token} token{'s' * (n_token != 1)}", style="dim")
