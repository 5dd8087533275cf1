"""File readers: the signature that a format is recognized by, and its reader function."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from importlib import import_module

from attnviz.errors import InvalidInputError
from attnviz.record import Record
from attnviz.sources.external.raw_attention import RawAttention
from attnviz.sources.external.refusals import NO_PAGE, find_refusal
from attnviz.sources.external.selection import Selection


class Reader(Record):
    """A file format that can be read.

    `signature` is a pattern in its bytes; `target` is the module and function in
    attnviz.sources.external that reads it, imported on use, called with (data, selection).
    """

    name: str
    target: str
    summary: str
    suffixes: tuple[str, ...]
    signature: re.Pattern[bytes]

    def matches(self, data: bytes) -> bool:
        """Whether these bytes have the signature.

        A search for a pattern that begins with the start of the file tries it at every byte.
        """
        is_at_start = self.signature.pattern.startswith(rb"\A")
        find = self.signature.match if is_at_start else self.signature.search
        return find(data) is not None

    def read(self, data: bytes, selection: Selection) -> RawAttention:
        """The attention in the bytes of a file.

        Raises InvalidInputError for invalid content.
        """
        module, name = self.target.split(":")
        function: Callable[[bytes, Selection], RawAttention]
        function = getattr(import_module(f"attnviz.sources.external.{module}"), name)
        return function(data, selection)


def make_reader(name: str, target: str, summary: str, suffixes: str, signature: bytes) -> Reader:
    """A row of the table, from short notation."""
    return Reader(name, target, summary, tuple(suffixes.split()), re.compile(signature, re.DOTALL))


BLANK = rb"(?:\xef\xbb\xbf)?[ \t\r\n]*"
BARS = rb" \|\|\| "
NUMBER = rb"[ \t]*+[-+]?(?:[0-9]++\.?[0-9]*+|\.[0-9]++|nan|inf)(?:e[-+]?[0-9]++)?"


def column(names: bytes) -> bytes:
    """A pattern for a first line that has a column of one of these names."""
    return rb'(?=(?:[^\n]{0,9999}[,\t])?"?(?:' + names + rb')"?(?:[,\t\r\n]|\Z))'


LONG_HEADER = (
    rb"\A(?:\xef\xbb\xbf)?"
    + column(rb"weight")
    + rb"(?:" + column(rb"layer") + rb"|"
    + column(rb"query|query_token") + column(rb"key|key_token") + rb")"
)  # fmt: skip
# Comments, at most one line of labels, and a line with a number after at most one label.
MATRIX = (
    rb"\A(?:\xef\xbb\xbf)?(?:#[^\n]*+\n|[ \t\r]*+\n){0,1000}+(?:[^\n]*+\n)??"
    rb'(?:"[^"\n]*+"[,;\t ]|[^\n,;\t]*+[,;\t])?(?i:' + NUMBER + rb")(?:[,;\t ]|\r?\n|\r?\Z)"
)

# A search for a pattern that begins with a literal is fast; what is before it is looked behind.
# The first row whose signature matches reads the file: specific formats precede general ones.
READERS = (
    make_reader("npy", "array_files:read_npy", "one NumPy array", ".npy", rb"\A\x93NUMPY"),
    make_reader(
        "npz",
        "array_files:read_npz",
        "NumPy arrays: attnviz, np.savez, TransformerLens caches",
        ".npz",
        rb"\APK(?:\x03\x04|\x05\x06)",
    ),
    make_reader(
        "safetensors",
        "array_files:read_safetensors",
        "tensors: attnviz, TransformerLens caches",
        ".safetensors",
        rb"\A.{5}\x00\x00\x00[ \t\r\n]*\{",
    ),
    make_reader("parquet", "parquet:read_parquet", "long-format table", ".parquet", rb"\APAR1"),
    make_reader(
        "pickle",
        "array_files:refuse_pickle",
        "not supported (unsafe)",
        ".pt .pth .bin .pkl",
        rb"\A\x80[\x02-\x05]",
    ),
    make_reader(
        "json",
        "json_document:read_document",
        "attnviz documents, JSON or JSON Lines",
        ".json .jsonl .ndjson",
        rb"\A" + BLANK + rb'\{.*?"format"\s*:\s*"attnviz"',
    ),
    make_reader(
        "inseq",
        "inseq:read_inseq",
        "Inseq attention attributions",
        ".json .json.gz",
        rb"\A" + BLANK + rb'\{.*?"sequence_attributions"',
    ),
    make_reader(
        "plain-json",
        "plain_json:read_plain_json",
        "nested lists of numbers, alone or with tokens",
        ".json",
        rb"\A" + BLANK + rb"[\[{]",
    ),
    make_reader(
        "csv",
        "csv_table:read_csv",
        "long-format CSV",
        ".csv",
        LONG_HEADER + rb"[^\n\t]*,",
    ),
    make_reader(
        "tsv",
        "csv_table:read_tsv",
        "long-format TSV",
        ".tsv",
        LONG_HEADER + rb"[^\n,]*\t",
    ),
    make_reader(
        "page",
        "attnviz_html:read_html",
        "attnviz pages",
        ".html .htm",
        rb'<script type="application/json" id="data">|<meta name="generator" content="attnviz">',
    ),
    make_reader(
        "bertviz",
        "bertviz_html:read_bertviz",
        "BertViz pages: head, model and neuron view",
        ".html .htm",
        rb"(?:const params|window\.bertviz_params) = \{",
    ),
    make_reader(
        "circuitsvis",
        "bertviz_html:read_circuitsvis",
        "CircuitsVis pages: attention heads and patterns",
        ".html .htm",
        rb"Attention(?<!\wAttention)(?:Heads|Patterns?),\s*\{",
    ),
    make_reader(
        "fairseq",
        "alignments:read_fairseq",
        "fairseq-generate --print-alignment",
        ".out .txt",
        rb"A-(?<![^\n]A-)[0-9]+\t",
    ),
    make_reader(
        "nematus",
        "alignments:read_nematus",
        "Nematus attention matrices, with a header per sentence",
        ".txt",
        rb"\A[0-9]{1,9}(?:"
        + BARS
        + rb"(?:[^\n|]|\|(?!\|\|))*){3}"
        + BARS
        + rb"[0-9]{1,9} (?:\|\|\| )?[0-9]{1,9}\r?\n",
    ),
    make_reader(
        "marian",
        "alignments:read_marian",
        "marian-decoder --alignment, hard or soft",
        ".txt",
        BARS,
    ),
    make_reader(
        "pharaoh",
        "alignments:read_pharaoh",
        "Pharaoh word alignments: source-target pairs",
        ".align .talp .txt",
        rb"\A[ \t\r\n]*[0-9]+[-p][0-9]+(?:\s|\Z)",
    ),
    make_reader(
        "matrix",
        "wide_table:read_matrix",
        "a matrix as CSV, TSV or text: pandas, np.savetxt, spreadsheets",
        ".csv .tsv .txt",
        MATRIX,
    ),
)


def is_long_header(columns: Sequence[object]) -> bool:
    """Whether the columns of a table are those of the long format: one weight per line."""
    header = "\t".join(map(str, columns)).encode(errors="replace")
    return re.match(LONG_HEADER, header) is not None


def find_reader(data: bytes) -> Reader:
    """The reader of a file's bytes; InvalidInputError if none reads them."""
    if (advice := find_refusal(data)) is not None:
        raise InvalidInputError(advice)
    for row in READERS:
        if row.matches(data):
            return row
    if NO_PAGE.match(data):
        raise InvalidInputError(
            "this page holds no attention; pages of attnviz, BertViz and CircuitsVis are read"
        )
    names = ", ".join(row.name for row in READERS if row.name != "pickle")
    raise InvalidInputError(f"unrecognized format; supported: {names}")
