"""The table of readers: what a file is recognised by, and the function that reads it."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module

from attnviz.errors import InvalidInputError
from attnviz.record import Record
from attnviz.sources.external.assemble import Found
from attnviz.sources.external.selection import Wish


class Reader(Record):
    """One way in which attention comes.

    `mark` is what its bytes contain, `where` the module and function below
    attnviz.sources.external, read when it is used; the function takes (data, wish).
    """

    name: str
    where: str
    summary: str
    suffixes: tuple[str, ...]
    mark: re.Pattern[bytes]

    def read(self, data: bytes, wish: Wish) -> Found:
        """What the bytes hold.

        Raises InvalidInputError for what is not as it should be.
        """
        module, function = self.where.split(":")
        made: Callable[[bytes, Wish], Found]
        made = getattr(import_module(f"attnviz.sources.external.{module}"), function)
        return made(data, wish)


def reader(name: str, where: str, summary: str, suffixes: str, mark: bytes) -> Reader:
    """A row of the table."""
    return Reader(name, where, summary, tuple(suffixes.split()), re.compile(mark, re.DOTALL))


BLANK = rb"(?:\xef\xbb\xbf)?[ \t\r\n]*"
HEAD = rb"\A(?=[^\n]*\blayer\b)(?=[^\n]*\bweight\b)"
LINE = rb"(?:\A|\n)"

# The first row whose mark is found reads the file, so the particular come before the general.
READERS = (
    reader("npy", "array_files:npy", "one NumPy array", ".npy", rb"\A\x93NUMPY"),
    reader(
        "npz",
        "array_files:npz",
        "NumPy arrays: attnviz, np.savez, TransformerLens caches",
        ".npz",
        rb"\APK(?:\x03\x04|\x05\x06)",
    ),
    reader(
        "safetensors",
        "array_files:safetensors",
        "tensors: attnviz, TransformerLens caches",
        ".safetensors",
        rb"\A.{5}\x00\x00\x00[ \t\r\n]*\{",
    ),
    reader("parquet", "parquet:parquet", "the long table in columns", ".parquet", rb"\APAR1"),
    reader(
        "pickle", "array_files:pickle", "never read", ".pt .pth .bin .pkl", rb"\A\x80[\x02-\x05]"
    ),
    reader(
        "json",
        "json_document:json",
        "attnviz documents, one or one a line",
        ".json .jsonl .ndjson",
        rb"\A" + BLANK + rb'\{.*?"format"\s*:\s*"attnviz"',
    ),
    reader(
        "inseq",
        "inseq:json",
        "Inseq attributions by attention",
        ".json .json.gz",
        rb"\A" + BLANK + rb'\{.*?"sequence_attributions"',
    ),
    reader(
        "plain-json",
        "plain_json:json",
        "nested numbers, alone or beside tokens",
        ".json",
        rb"\A" + BLANK + rb"[\[{]",
    ),
    reader(
        "csv",
        "csv_table:csv",
        "the long table, commas",
        ".csv",
        HEAD + rb"[^\n\t]*,",
    ),
    reader(
        "tsv",
        "csv_table:tsv",
        "the long table, tabs",
        ".tsv",
        HEAD + rb"[^\n,]*\t",
    ),
    reader(
        "page",
        "attnviz_html:html",
        "attnviz pages",
        ".html .htm",
        rb'<script type="application/json" id="data">',
    ),
    reader(
        "bertviz",
        "bertviz_html:bertviz",
        "BertViz pages: head, model and neuron view",
        ".html .htm",
        rb"(?:const params|window\.bertviz_params) = \{",
    ),
    reader(
        "circuitsvis",
        "bertviz_html:circuitsvis",
        "CircuitsVis pages: attention heads and patterns",
        ".html .htm",
        rb"\bAttention(?:Heads|Patterns?),\s*\{",
    ),
    reader(
        "fairseq",
        "alignments:fairseq",
        "fairseq-generate --print-alignment",
        ".out .txt",
        LINE + rb"A-[0-9]+\t",
    ),
    reader(
        "marian",
        "alignments:marian",
        "marian-decoder --alignment, hard or soft",
        ".txt",
        rb" \|\|\| ",
    ),
    reader(
        "pharaoh",
        "alignments:pharaoh",
        "word alignments, source-target pairs",
        ".align .talp .txt",
        rb"\A[ \t\r\n]*[0-9]+[-p][0-9]+(?:\s|\Z)",
    ),
)


def reader_of(data: bytes) -> Reader:
    """The reader that knows these bytes; InvalidInputError where none does."""
    for row in READERS:
        if row.mark.search(data):
            return row
    known = ", ".join(row.name for row in READERS if row.name != "pickle")
    raise InvalidInputError(f"nothing that can be read as attention; there are: {known}")
