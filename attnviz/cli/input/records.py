"""Sentences from records: JSON Lines, a JSON list, or a column of a CSV or TSV table."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, BinaryIO

from attnviz.cli.input.lines import decode_line, number_lines, read_whole
from attnviz.cli.input.sentence import Sentence
from attnviz.errors import AttnvizError, InvalidInputError, MisuseError, UnknownNameError
from attnviz.lookup import unknown_name_message
from attnviz.sources.strict_json import parse_json

INPUT_FORMATS = ("lines", "pairs", "whole", "jsonl", "json", "csv", "tsv")
SECOND_SENTENCES = ("context", "pair")  # keys: for cross-attention, for a pretrained model
Parser = Callable[[BinaryIO], Iterator[Sentence]]


def choose_record_parser(form: str, column: str, context: str | None) -> Parser:
    """The parser of a format of records."""
    if form == "jsonl":
        return partial(parse_json_lines, column=column, context=context)
    if form == "json":
        return partial(parse_json_list, column=column, context=context)
    if form in ("csv", "tsv"):
        return partial(parse_table, form=form, column=column, context=context)
    raise UnknownNameError(unknown_name_message(form, INPUT_FORMATS, "--input-format"))


def parse_json_lines(stream: BinaryIO, column: str, context: str | None) -> Iterator[Sentence]:
    """Sentences from one JSON object per line: {"id": …, "text": …, "context": …, "pair": …}."""
    for number, content in number_lines(stream):
        if content.strip():
            try:
                record = parse_json(decode_line(number, content))
                yield parse_record(record, number, column, context)
            except AttnvizError as error:
                yield Sentence("", None, number, error=error)


def parse_json_list(stream: BinaryIO, column: str, context: str | None) -> Iterator[Sentence]:
    """Sentences from one JSON list of texts, or of objects as in JSON Lines.

    Raises InvalidInputError for anything but a list.
    """
    for text in read_whole(stream):
        records = parse_json(text)
        if not isinstance(records, list):
            raise InvalidInputError(
                "a .json file of sentences should be a list of texts or objects"
            )
        for number, record in enumerate(records, start=1):
            try:
                named = {column: record} if isinstance(record, str) else record
                yield parse_record(named, number, column, context)
            except AttnvizError as error:
                yield Sentence("", None, number, error=error)


def parse_table(
    stream: BinaryIO, form: str, column: str, context: str | None
) -> Iterator[Sentence]:
    """Sentences from the rows below a header; quoted cells may hold line breaks."""
    reader = csv.reader(decode_leniently(stream), delimiter="," if form == "csv" else "\t")
    names = next(reader, [])
    if column not in names:
        header = ", ".join(names) or "none"
        raise MisuseError(f"no column {column!r} in the input, read as {form}; columns: {header}")
    while True:
        try:
            row = next(reader)
            if row:
                yield parse_record(name_cells(names, row), reader.line_num, column, context)
        except StopIteration:
            return
        except csv.Error as error:
            invalid = InvalidInputError(f"not a valid {form} row: {error}")
            yield Sentence("", None, reader.line_num, error=invalid)
        except AttnvizError as error:
            yield Sentence("", None, reader.line_num, error=error)


def decode_leniently(stream: BinaryIO) -> Iterator[str]:
    """Lines with their ends; a byte that is not UTF-8 is refused later, with its sentence."""
    for number, content in number_lines(stream):
        text = content.decode(errors="surrogateescape")
        yield (text.removeprefix("\ufeff") if number == 1 else text) + "\n"


def name_cells(names: Sequence[str], row: Sequence[str]) -> dict[str, Any]:
    """The cells of a row by column; an empty context, pair or id is left out."""
    cells = dict(zip(names, row, strict=False))
    optional = (*SECOND_SENTENCES, "id")
    return {name: cell for name, cell in cells.items() if cell or name not in optional}


def parse_record(record: Any, line: int, column: str, context: str | None) -> Sentence:
    """The sentence of a record.

    Raises InvalidInputError if the text is missing, or if text, context or id has a wrong type.
    """
    if not isinstance(record, Mapping) or not isinstance(record.get(column), str):
        raise InvalidInputError(f"missing key {column!r} with a text")
    for key in SECOND_SENTENCES:
        if not isinstance(record.get(key, ""), str | None):
            raise InvalidInputError(f"the {key} must be a text")
    id = record.get("id")
    if isinstance(id, bool) or not isinstance(id, str | int | None):
        raise InvalidInputError("the id must be a text or a whole number")
    name = None if id is None else str(id)
    sentence = Sentence(record[column], context, line, name)
    for key in SECOND_SENTENCES:
        if record.get(key):
            sentence = sentence.with_second(key, record[key])
    return sentence
