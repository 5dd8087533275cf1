"""Small files that would take gigabytes if they were read without limits, by name."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
import zlib
from base64 import b64encode

import numpy as np

from attnviz.render.style import Style
from tests.conftest import make_map
from tests.render.pages import html
from tests.sources.external.handmade_files import header, npy, npz, tensors

TABLE = b"layer,head,query,key,weight\n"
HEADER = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }"
START, END = b'<script type="application/json" id="data">', b"</script>"
SIDE = 30_000  # of a matrix whose float64 would take 7.2 GB


def page(shape, n_byte, codes="uint8", names=("weights",)):
    """A page whose layers expand to zeros."""
    head, rest = html(make_map(), Style()).split(START)
    data, tail = rest.split(END, 1)
    island = json.loads(data)
    layers = [b64encode(zlib.compress(bytes(n_byte))).decode()] * shape[0]
    for name in names:
        island["maps"][0][name] = {"codes": codes, "shape": shape, "layers": layers}
    return head + START + json.dumps(island).encode() + END + tail


def deflated(n_byte, head=b""):
    """An npz of one member of a size, at a ratio that attention might have."""
    part = np.random.default_rng(0).integers(0, 60, 7_000, dtype=np.uint8).tobytes()
    part += bytes((1 << 20) - len(part))
    file = io.BytesIO()
    archive = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
    with archive, archive.open("attention.npy", "w") as member:
        member.write(head)
        for start in range(0, n_byte, len(part)):
            member.write(part[: n_byte - start])
    return file.getvalue()


def parquet(n_line, n_column=0, *, text=None, group=1 << 24, is_null=False):
    """A Parquet table of constant columns, in groups that repeat."""
    from pyarrow import DictionaryArray, Table, array, int32, nulls
    from pyarrow.parquet import ParquetWriter

    n = min(n_line, group)
    zeros = nulls(n, int32()) if is_null else array(np.zeros(n, np.int32))
    names = ("layer", "head", "query", "key", "weight", *(f"c{n}" for n in range(n_column)))
    columns = dict.fromkeys(names, zeros)
    if text is not None:
        columns["query"] = array(np.arange(len(zeros), dtype=np.int32))
        columns["query_token"] = DictionaryArray.from_arrays(zeros, array([text]))
    table, file = Table.from_pydict(columns), io.BytesIO()
    with ParquetWriter(file, table.schema) as writer:
        for _ in range(n_line // len(zeros)):
            writer.write_table(table)
    return file.getvalue()


def inseq(attributions):
    return b'{"sequence_attributions": [{"source_attributions": ' + attributions + b"}]}"


def steps(n_step, n_layer, n_key):
    """Generation steps of one row each, the last of which has many keys."""
    keys = [1] * (n_step - 1) + [n_key]
    return npz(
        (
            (f"step_{step}.layer_{layer}.npy", npy(np.zeros((1, 1, 1, n), np.float32)))
            for step, n in enumerate(keys)
            for layer in range(n_layer)
        ),
        zipfile.ZIP_DEFLATED,
    )


BOMBS = {
    "npy": {
        "huge": lambda: header(HEADER % ("<f4", (1 << 20, 1 << 20))),
        "zero product": lambda: header(HEADER % ("<f4", (1 << 40, 1 << 40, 0))),
        "digits": lambda: header(HEADER % ("<f4", "(" + "9" * 5000 + ", 0)")),
    },
    "npz": {
        "zeros": lambda: npz(
            [("a.npy", header(HEADER % ("|u1", (8200, 8200))) + bytes(8200**2))],
            zipfile.ZIP_DEFLATED,
        ),
        "members": lambda: npz([(f"a{n}.npy", b"") for n in range(10_001)]),
        "nested": lambda: npz(
            [("a.npy", npz([("a.npy", npy(np.zeros((900, 900))))], zipfile.ZIP_DEFLATED))]
        ),
        "document": lambda: npz(
            [("document.npy", npy(np.bytes_(b"[" + b"{}," * 6_000_000 + b"1]")))],
            zipfile.ZIP_DEFLATED,
        ),
        "steps": lambda: steps(160, 9, 131_000),
    },
    "npz, large": {
        "uint8": lambda: deflated(SIDE**2, header(HEADER % ("|u1", (SIDE, SIDE)))),
        "float16": lambda: deflated(2 * 16_380**2, header(HEADER % ("<f2", (16_380, 16_380)))),
    },
    "safetensors": {
        "uint8": lambda: tensors(
            {"attention": {"dtype": "U8", "shape": [11_000] * 2, "data_offsets": [0, 11_000**2]}},
            bytes(11_000**2),
        ),
    },
    "page": {
        "zero last": lambda: page([1, 65_536, 65_536, 0], 0),
        "zero first": lambda: page([0, 65_536, 65_536, 9], 0),
        "zero layers of many": lambda: page([4, 0, 1 << 26, 1 << 26], 0),
        "layer that expands": lambda: page([1, 1, 9, 9], 1 << 23),
        "negative": lambda: page([1, -65_536, -65_536, 1], 0),
    },
    "page, large": {
        "peaks": lambda: page([1, 8192, 8192, 1], 9 << 26),
        "vectors too": lambda: page(
            [1, 1, 8192, 8192], (1 << 26) + 8 * 8192, names=("weights", "query_vectors")
        ),
    },
    "parquet": {
        "constant lines": lambda: parquet(9 << 24, is_null=True),
        "dictionary": lambda: parquet(3_000, text="x" * 100_000),
        "columns": lambda: parquet(1, n_column=2_000),
    },
    "parquet, large": {
        "columns": lambda: parquet(1, n_column=100_000),
        "zeros": lambda: parquet(1 << 26),
    },
    "json": {
        "numbers": lambda: gzip.compress(b"[[" + b"0," * 30_000_000 + b"0]]", 1),
        "nested": lambda: b"[" * 30_000_000,
        "document": lambda: (
            b'{"format": "attnviz", "format_version": "1.0", "weights": ['
            + b"0," * 24_000_000
            + b"0]}"
        ),
        "tokens": lambda: b'{"attention": [[1.0]], "tokens": [' + b'"a",' * 2_000_000 + b'"a"]}',
    },
    "json, large": {
        "emoji": lambda: b'["' + "\U0001f600".encode() + b"a" * 199_000_000 + b'"]',
        "escaped emoji": lambda: b'["\\ud83d\\ude00' + b"a" * 199_000_000 + b'"]',
        "decimals": lambda: b"[[" + b",".join([b"1.5"] * 20_000_000) + b"]]",
        "60 M numbers": lambda: gzip.compress(b"[[" + b"0," * 60_000_000 + b"0]]", 1),
        "documents": lambda: b'{"format":"attnviz"}\n' * 9_000_000,
    },
    "csv": {
        "coordinates": lambda: TABLE + b"0,0,131071,131071,1\n131071,131071,0,0,1\n",
        "tabs": lambda: TABLE.replace(b",", b"\t") + b"0\t0\t131071\t131071\t1\n",
        "more digits": lambda: TABLE + b"0,0,4000000000," + b"9" * 5_000 + b",1\n",
        "columns": lambda: TABLE[:-1] + b"," * 5_000_000 + b"\n",
        "cells": lambda: TABLE + b"," * 20_000_000 + b"\n",
        "open quote": lambda: TABLE + b'0,0,0,0,"' + b"\n" * 20_000_000,
    },
    "matrix": {
        "one row": lambda: b"0," * 20_000_000 + b"0\n",
        "one column": lambda: b"0\n" * 20_000_000,
        "labels": lambda: b"," * 20_000_000 + b"\na,0",
        "blank lines": lambda: b"\n" * 20_000_000 + b"0 1\n",
        "comments": lambda: b"#\n" * 10_000_000 + b"0 1\n",
        "open quote": lambda: b'a,0\n"' + b"\n" * 20_000_000,
        "tokens": lambda: b"query_token,key_token,weight\n" + b"a,a,1\n" * 600_000,
    },
    "csv, large": {
        "240 MB": lambda: TABLE + b"0,0,0,0,0\n" * 24_000_000,
        "180 MB": lambda: TABLE + b"0,0,0,0,0\n" * 18_000_000,
    },
    "inseq": {
        "lists": lambda: inseq(b"[" + b"[0,1]," * 400_000 + b"[0,0]]"),
        "nested": lambda: inseq(b"[" * 100_000 + b"]" * 100_000),
    },
    "alignments": {
        "far": lambda: b"0-1000000000\n",
        "marian, far": lambda: b"a ||| 0-131071 131071-0\n",
        "far, few digits": lambda: b"0-999999 999999-0\n",
        "at the limit": lambda: b"0-131071 131071-0\n",
        "fairseq, far": lambda: b"S-0\ta\nH-0\t1\ta\nA-0\t0-131071 131071-0\n",
        "long": lambda: b"0-0 " * 6_000_000,
        "nematus": lambda: b"0 ||| a ||| 1 ||| a ||| 1 9\n" + b"0 " * 2_000_000,
    },
    "alignments, large": {
        "nematus, lines": lambda: b"0 ||| a ||| 1 ||| a ||| 1 9\n" + b"0\n" * 90_000_000,
        "lines": lambda: b"0-0\n" * 45_000_000,
        "emoji": lambda: "\U0001f600".encode() + b"a" * 120_000_000 + b" ||| 0-0",
        "soft": lambda: b"a ||| " + b"0," * 90_000_000 + b"0",
        "words": lambda: b"a " * 90_000_000 + b"||| 0-0",
    },
    "html": {
        "bertviz": lambda: (
            b'const params = {"attention": [{"attn": [' + b"{}," * 5_500_000 + b"0]}]}"
        ),
        "circuitsvis": lambda: b'x(AttentionHeads, {"tokens": [' + b'"a",' * 2_000_000 + b"]})",
        "starts": lambda: b"const params = {}\n" * 1_000_000,
    },
}
