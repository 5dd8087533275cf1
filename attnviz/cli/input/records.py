"""Sentences as records: JSON Lines, or a column of a table."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import count
from typing import Any, BinaryIO

from attnviz.cli.input.lines import decoded, numbered
from attnviz.cli.input.sentence import Sentence
from attnviz.errors import AttnvizError, InvalidInputError, MisuseError, UnknownNameError
from attnviz.lookup import unknown
from attnviz.sources.external.strict_json import value

FORMS = ("lines", "pairs", "whole", "jsonl", "csv", "tsv")
Parser = Callable[[BinaryIO], Iterator[Sentence]]


def parser(form: str, column: str, context: str | None) -> Parser:
    """What reads records of this form."""
    if form == "jsonl":
        return partial(json_lines, column=column, context=context)
    if form in ("csv", "tsv"):
        separator = "," if form == "csv" else "\t"
        return partial(table, separator=separator, column=column, context=context)
    raise UnknownNameError(unknown(form, FORMS, "--input-format"))


def json_lines(stream: BinaryIO, column: str, context: str | None) -> Iterator[Sentence]:
    """An object a line: {"id": …, "text": …, "context": …}."""
    for number, content in numbered(stream):
        if content.strip():
            try:
                record = value(decoded(number, content))
                yield sentence_of(record, number, column, context)
            except AttnvizError as error:
                yield Sentence("", None, number, error=error)


def table(
    stream: BinaryIO, separator: str, column: str, context: str | None
) -> Iterator[Sentence]:
    """Rows below a line of names; quoted cells may hold line breaks."""
    reader = csv.reader(texts(stream), delimiter=separator)
    names = next(reader, [])
    if column not in names:
        raise MisuseError(f"there is no column {column!r}; there are {', '.join(names) or 'none'}")
    for _ in count():
        try:
            row = next(reader)
            if row:
                yield sentence_of(cells(names, row), reader.line_num, column, context)
        except StopIteration:
            return
        except csv.Error as error:
            wrong = InvalidInputError(f"the row is no {separator!r}-separated table: {error}")
            yield Sentence("", None, reader.line_num, error=wrong)
        except AttnvizError as wrong:
            yield Sentence("", None, reader.line_num, error=wrong)


def texts(stream: BinaryIO) -> Iterator[str]:
    """Lines with their ends; a byte that is not UTF-8 is refused with its sentence, later."""
    for number, content in numbered(stream):
        text = content.decode(errors="surrogateescape")
        yield (text.removeprefix("\ufeff") if number == 1 else text) + "\n"


def cells(names: Sequence[str], row: Sequence[str]) -> dict[str, Any]:
    """The cells of a row by name; an empty context or id is none."""
    found = dict(zip(names, row, strict=False))
    return {name: cell for name, cell in found.items() if cell or name not in ("context", "id")}


def sentence_of(record: Any, line: int, column: str, context: str | None) -> Sentence:
    """What a record says.

    Raises InvalidInputError for one without a text, or whose context or id is no text.
    """
    if not isinstance(record, Mapping) or not isinstance(record.get(column), str):
        raise InvalidInputError(f"there is no text under {column!r}")
    if not isinstance(record.get("context", ""), str | None):
        raise InvalidInputError("the context is no text")
    id = record.get("id")
    if isinstance(id, bool) or not isinstance(id, str | int | None):
        raise InvalidInputError("the id is neither a text nor a whole number")
    said = None if id is None else str(id)
    return Sentence(record[column], context or record.get("context") or None, line, said)
