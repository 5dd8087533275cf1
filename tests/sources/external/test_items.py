"""Files with the attention of several texts: each is a map, chosen by number or id."""

from __future__ import annotations

import json
from io import BytesIO

import numpy as np
import pandas
import pytest

from attnviz.errors import InvalidInputError, MisuseError, UnknownNameError
from attnviz.sources.external import read, read_each
from tests.cli.runner import run

TEXTS = {"a": ["the", "cat"], "7": ["a", "dog", "ran"]}


def weights(n, seed=1):
    """Rows that sum to 1, of 8 binary digits: exact in every format.    -> [query, key]"""
    made = np.full((n, n), 0.125)
    made[np.arange(n), (np.arange(n) + seed) % n] += 1 - n * 0.125
    return made


RECORDS = [
    {"id": id, "tokens": tokens, "attention": weights(len(tokens)).tolist()}
    for id, tokens in TEXTS.items()
]
ROWS = pandas.DataFrame(
    [
        (id, q, k, tokens[q], tokens[k], weights(len(tokens))[q, k])
        for id, tokens in TEXTS.items()
        for q in range(len(tokens))
        for k in range(len(tokens))
    ],
    columns=["id", "query", "key", "query_token", "key_token", "weight"],
)


def parquet():
    file = BytesIO()
    ROWS.assign(layer=0, head=0).to_parquet(file)
    return file.getvalue()


FILES = {
    "JSON Lines": "\n".join(map(json.dumps, RECORDS)).encode() + b"\n\n",
    "JSON list": json.dumps(RECORDS, indent=1).encode(),
    "csv": ROWS.to_csv(index=False).encode(),
    "rows in any order": ROWS.sample(frac=1, random_state=4)
    .to_csv(index=False, sep="\t")
    .encode(),
    "parquet": parquet(),
}


@pytest.mark.parametrize("name", FILES)
def test_each_text_is_a_map(name):
    maps = {amap.meta["id"]: amap for amap in read_each(FILES[name])}
    assert set(maps) == set(TEXTS)
    for id, tokens in TEXTS.items():
        assert [token.label for token in maps[id].keys] == tokens
        assert np.array_equal(maps[id].weights[0, 0], weights(len(tokens)))


@pytest.mark.parametrize("name", FILES)
def test_one_text_is_chosen_by_id_or_number(name):
    data = FILES[name]
    assert len(read(data, which="a").keys) == 2 and len(read(data, which="7").keys) == 3
    first = read(data)
    assert "showing document 0 of 2" in first.meta["guessed"][0]
    assert first.meta["id"] == next(amap.meta["id"] for amap in read_each(data))
    assert read(data, which=1).meta["id"] != first.meta["id"]
    with pytest.raises(MisuseError, match="no document 2"):
        read(data, which=2)
    with pytest.raises(UnknownNameError):
        read(data, which="b")


def test_an_id_that_is_another_number_is_stated():
    swapped = ROWS.replace({"id": {"a": "1", "7": "0"}}).to_csv(index=False).encode()
    made = read(swapped, which=0)
    assert len(made.keys) == 3
    assert made.meta["guessed"] == ["showing document 1, whose id is 0"]


def test_lines_of_matrices_are_items_too():
    lines = b"[[1, 0], [0.5, 0.5]]\n[[1]]\n"
    assert [amap.weights.shape[-1] for amap in read_each(lines)] == [2, 1]
    assert read(b"[[1, 0],\n [0.5, 0.5]]\n").weights.shape[-1] == 2


def test_every_text_has_its_id_as_heading():
    made = run("render", "-", stdin=FILES["csv"])
    assert [line for line in made.out.splitlines() if line.startswith("id: ")] == [
        "id: a",
        "id: 7",
    ]
    assert "· id: 7" in run("render", "-", "-f", "md", stdin=FILES["csv"]).out


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'[{"attention": [[1]]}, 3]', "value 1 of the list is no object"),
        (FILES["csv"] + b"b,0\n", "invalid table, line 15: 2 cells in a table of 6 columns"),
        (FILES["csv"] + b"b,0,1,x,y,1\n", "id 'b': the table has 1 weights"),
        (FILES["JSON Lines"] + b"{}\n", "line 4: there is no attention among no arrays"),
        (b"id,layer,head,query,key,weight\n", "no line after its header"),
        (b"la\ryer,head,query,key,query_token,key_token,weight\n0,0,0,0,a,a,1\n", "no column"),
    ],
)
def test_a_text_that_cannot_be_read_is_named(data, reason):
    with pytest.raises(InvalidInputError, match=reason):
        list(read_each(data))
