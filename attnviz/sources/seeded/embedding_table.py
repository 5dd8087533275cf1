"""Own token embeddings: a vector per token, or one row per token of the text, from a file.

A CSV file has a token and its numbers in each line, or numbers alone: a row per token. A JSON
file has an object {"token": [numbers]}, or a list of rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isfinite
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.token_features import PAD
from attnviz.core.tokens import Tokens
from attnviz.errors import InvalidInputError, MisuseError
from attnviz.record import Record

MAX_BYTES = 1 << 26
MAX_WIDTH = 8192  # as of --dim
MAX_ROWS = 1 << 17
EXAMPLE = 'a CSV file has lines such as "cat,0.5,-1", a JSON file {"cat": [0.5, -1]}'

Row: TypeAlias = tuple[str | None, FloatArray]  # a token, or None: the row of a position


class EmbeddingTable(Record, eq=False):
    """Vectors by token, or by position where `tokens` is None.

    Shapes: vectors [row, dim]
    """

    name: str
    vectors: FloatArray
    tokens: tuple[str, ...] | None = None

    @property
    def dim(self) -> int:
        """Width of the vectors."""
        return self.vectors.shape[1]

    def embed(self, tokens: Tokens) -> FloatArray:
        """The vector of each token; 0 for padding without one.    -> [token, dim]

        Raises MisuseError for a token without a vector, or for another number of rows.
        """
        if self.tokens is None:
            own = [token for token in tokens if token != PAD]
            if len(own) != len(self.vectors):
                raise MisuseError(
                    f"--embedding {self.name} has {len(self.vectors)} rows, and the text has "
                    f"{len(own)} tokens: give one row per token, or a token in front of each row"
                )
            rows = iter(self.vectors)
            zero = np.zeros(self.dim)
            return np.stack([zero if token == PAD else next(rows) for token in tokens])
        index = {token: n for n, token in enumerate(self.tokens)}
        return np.stack([self.vector_of(token.label, token.piece, index) for token in tokens])

    def vector_of(self, label: str, piece: str, index: Mapping[str, int]) -> FloatArray:
        """The vector of one token, by its label or else its piece.    -> [dim]"""
        for name in (label, piece):
            if name in index:
                row: FloatArray = self.vectors[index[name]]
                return row
        if piece == PAD.piece:
            return np.zeros(self.dim)
        known = ", ".join(map(repr, list(index)[:8])) + (", …" if len(index) > 8 else "")
        raise MisuseError(f"--embedding {self.name} has no vector for {label!r}; it has {known}")


def is_table(embedding: Any) -> bool:
    """Whether a value of the option names a file or holds vectors, and no built-in embedding."""
    if isinstance(embedding, str):
        return "." in embedding or "/" in embedding or "\\" in embedding
    return embedding is not None


def read_table(embedding: Any) -> EmbeddingTable:
    """The vectors of a file, of a mapping of tokens to vectors, or of a list of rows.

    Raises MisuseError for an object of another type, CouldNotError for a file that cannot be
    read, InvalidInputError for one that holds something else.
    """
    if isinstance(embedding, str | PathLike):
        name = str(embedding)
        return make_table(Path(name).name, parse_file(name))
    return make_table("given", json_rows("given", to_plain(embedding)))


def to_plain(embedding: Any) -> Any:
    """A mapping or array as plain lists of numbers."""
    if isinstance(embedding, Mapping):
        return {str(k): np.asarray(v).tolist() for k, v in embedding.items()}
    try:
        return np.asarray(embedding).tolist()
    except ValueError:
        raise MisuseError("embedding should be a name, a file, a mapping, or rows") from None


def parse_file(path: str) -> list[Row]:
    """The rows of a CSV or JSON file."""
    from attnviz.sources.safe_read import read_file
    from attnviz.sources.strict_json import parse_json

    name = Path(path).name
    try:
        text = read_file(Path(path), MAX_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{name} is not UTF-8 text: {error.reason}") from None
    if text.lstrip()[:1] in ("{", "["):
        try:
            return json_rows(name, parse_json(text))
        except InvalidInputError as error:
            raise InvalidInputError(f"{name}: {error}") from None
    return csv_rows(name, text)


def json_rows(name: str, value: Any) -> list[Row]:
    """The rows of {"token": [numbers]} or of [[numbers], …]."""
    if not isinstance(value, dict | list):
        raise InvalidInputError(f"{name} holds no vectors; {EXAMPLE}")
    lists = list(value.values() if isinstance(value, dict) else value or [])
    if any(isinstance(number, str) for row in lists if isinstance(row, list) for number in row):
        raise InvalidInputError(f"{name} has text among its numbers; {EXAMPLE}")
    if isinstance(value, dict):
        return [(token, to_row(f"{name}, token {token!r}", row)) for token, row in value.items()]
    return [(None, to_row(f"{name}, row {n}", row)) for n, row in enumerate(value)]


def csv_rows(name: str, text: str) -> list[Row]:
    """The rows of a CSV file, with a token in front of the numbers or without."""
    import csv

    rows: list[Row] = []
    try:
        for n, cells in enumerate(csv.reader(text.splitlines(), strict=True), start=1):
            if not cells:
                continue
            where = f"{name}, line {n}"
            if (rows and rows[0][0] is None) or (not rows and is_number(cells[0])):
                rows.append((None, to_row(where, cells)))
            else:
                rows.append((cells[0].strip(), to_row(where, cells[1:])))
    except csv.Error as error:
        raise InvalidInputError(f"{name} is no CSV file: {error}") from None
    return rows


def is_number(text: Any) -> bool:
    """Whether a cell is a number."""
    try:
        float(text)
    except (TypeError, ValueError, OverflowError):
        return False
    return not isinstance(text, bool)


def to_row(where: str, values: Any) -> FloatArray:
    """Numbers as one vector; InvalidInputError names the first that is none.    -> [dim]"""
    if not isinstance(values, list) or not values:
        raise InvalidInputError(f"{where}: should be a list of numbers; {EXAMPLE}")
    if len(values) > MAX_WIDTH:
        raise InvalidInputError(f"{where}: {len(values):,} numbers; at most {MAX_WIDTH:,}")
    for value in values:
        if not is_number(value) or not isfinite(float(value)):
            raise InvalidInputError(f"{where}: {str(value)!r:.40} is not a finite number")
    return np.array([float(value) for value in values])


def make_table(name: str, rows: Iterable[Row]) -> EmbeddingTable:
    """The rows as a table; InvalidInputError where they do not fit together."""
    rows = list(rows)
    if not rows:
        raise InvalidInputError(f"{name} holds no vectors; {EXAMPLE}")
    if len(rows) > MAX_ROWS:
        raise InvalidInputError(f"{name} has {len(rows):,} vectors; at most {MAX_ROWS:,}")
    width = len(rows[0][1])
    for n, (token, row) in enumerate(rows):
        if len(row) != width:
            which = f"row {n}" if token is None else f"token {token!r}"
            raise InvalidInputError(
                f"{name}, {which}: {len(row)} numbers, where the first row has {width}"
            )
    tokens = tuple(token for token, _ in rows if token is not None)
    if len(set(tokens)) < len(tokens):
        double = next(token for token in tokens if tokens.count(token) > 1)
        raise InvalidInputError(f"{name} has two vectors for {double!r}")
    return EmbeddingTable(name, np.stack([row for _, row in rows]), tokens or None)
