"""The JSON document: keys, escapes, decimals, schema."""

from __future__ import annotations

import json
import subprocess
from dataclasses import fields

import numpy as np
import pytest
from jsonschema import Draft202012Validator, ValidationError

from attnviz.core.attention_map import AttentionMap
from attnviz.core.masks import Causal
from attnviz.core.tokens import Token
from attnviz.errors import NumbersError
from attnviz.render.data import json_document as document
from attnviz.render.data.decimals import shortest_decimals, to_decimals
from attnviz.render.style import Style
from tests.conftest import HOSTILE, make_map

KEYS = [
    "format",
    "format_version",
    "text",
    "context",
    "queries",
    "keys",
    "layers",
    "heads",
    "weights",
    "hidden",
    "meta",
]
TOKEN_KEYS = ["label", "piece", "start", "end", "special", "segment", "word"]
VALIDATOR = Draft202012Validator(json.loads(document.read_schema()))


def to_json(amap, **style):
    return b"".join(document.json(amap, Style(**style)))


def read(amap, **style):
    parsed = json.loads(to_json(amap, **style))
    VALIDATOR.validate(parsed)
    return parsed


def full_map():
    visible = np.tril(np.ones((3, 3), dtype=bool))
    raw = make_map().weights * visible
    return make_map(
        n_layer=2,
        layers=(3, 7),
        heads=(1, 5),
        text="The cat sat",
        meta={"variant": "causal", "window": (1, np.int64(2)), "scale": np.float32(0.5)},
        visible=visible,
        query_vectors=np.arange(2 * 2 * 3 * 5.0).reshape(2, 2, 3, 5) / 7,
        key_vectors=np.arange(2 * 2 * 3 * 5.0).reshape(2, 2, 3, 5) / 3,
    ), raw


def test_keys_are_in_their_order():
    parsed = read(make_map())
    assert list(parsed) == KEYS
    assert list(parsed["queries"][0]) == TOKEN_KEYS


def test_vectors_are_added_after_the_keys_that_all_have():
    amap, _ = full_map()
    parsed = read(amap)
    assert list(parsed) == [*KEYS, "query_vectors", "key_vectors"]
    assert np.array_equal(np.float32(parsed["key_vectors"]), np.float32(amap.key_vectors))


def test_numbers_read_back_as_the_same_float32():
    amap, _ = full_map()
    assert np.array_equal(np.float32(read(amap)["weights"]), amap.weights)


def test_decimals_are_the_shortest():
    thirds = np.array([0.1, 1 / 3, 1e-30, 1.4e-45, 3.4028235e38, 0.0, 1.0, -2.5], np.float32)
    assert [repr(x) for x in to_decimals(thirds, "weight")] == [
        "0.1", "0.33333334", "1e-30", "1e-45", "3.4028235e+38", "0.0", "1.0", "-2.5",
    ]  # fmt: skip


@pytest.mark.parametrize("precision", [0, 3, 6, 17, 400])
def test_precision_is_a_number_of_decimals(precision):
    amap = make_map()
    parsed = np.array(read(amap, precision=precision)["weights"])
    assert np.abs(parsed - amap.weights).max() <= 0.5 * 10.0**-precision + 1e-15
    assert all(
        len(repr(x).partition(".")[2]) <= max(precision, 1) for x in parsed.ravel().tolist()
    )


def test_numbers_beyond_float32_are_refused_by_name():
    with pytest.raises(NumbersError, match=r"weight \[0, 0, 0, 0\] is 1e\+300"):
        to_json(AttentionMap((Token.of("a"),), (Token.of("a"),), np.full((1, 1, 1, 1), 1e300)))


def test_vectors_that_are_no_numbers_are_refused():
    amap = make_map(query_vectors=np.full((1, 2, 3, 4), np.nan))
    with pytest.raises(NumbersError, match="query_vectors"):
        to_json(amap)


def test_hidden_is_the_mask():
    amap, _ = full_map()
    assert np.array_equal(np.array(read(amap)["hidden"], dtype=bool), amap.masked)
    assert read(make_map())["hidden"] is None


@pytest.mark.parametrize("token", HOSTILE, ids=ascii)
def test_hostile_text_survives_and_stays_on_one_harmless_line(token):
    amap = make_map([token, "b", token], text=token, meta={"note": token, token: 1})
    data = to_json(amap)
    assert data.endswith(b"\n")
    assert data.count(b"\n") == 1
    assert data.isascii()
    assert not set(data) & set(b"<>&\r\t\x00\x1b")
    back = json.loads(data)
    assert back["queries"][0]["piece"] == back["text"] == back["meta"]["note"] == token


def test_meta_becomes_plain_values():
    meta = {
        "tuple": (1, 2.5, None, True),
        "array": np.arange(3),
        "scalar": np.float64(0.25),
        "flag": np.bool_(True),
        "infinite": float("inf"),
        "wide": np.longdouble(1) / 4,
        "part": Causal(),
        "nested": {1: {"deep": (np.int8(3),)}},
    }
    assert read(make_map(meta=meta))["meta"] == {
        "tuple": [1, 2.5, None, True],
        "array": [0, 1, 2],
        "scalar": 0.25,
        "flag": True,
        "infinite": "inf",
        "wide": "0.25",
        "part": "causal",
        "nested": {"1": {"deep": [3]}},
    }


def test_provenance_is_in_meta():
    assert read(make_map(), made_by={"version": "1"})["meta"] == {"made_by": {"version": "1"}}
    assert read(make_map())["meta"] == {}


def test_the_schema_knows_every_field_of_a_token():
    token = json.loads(document.read_schema())["$defs"]["token"]
    assert sorted(token["required"]) == sorted(f.name for f in fields(Token))
    assert token["required"] == list(token["properties"]) == TOKEN_KEYS


@pytest.mark.parametrize(
    "change",
    [
        {"format": "other"},
        {"format_version": "2.0"},
        {"weights": [[[0.5]]]},
        {"weights": [[[["0.5"]]]]},
        {"hidden": [[[[2]]]]},
        {"queries": [{"label": "a"}]},
        {"layers": ["first"]},
        {"meta": None},
    ],
    ids=str,
)
def test_the_schema_refuses_invalid_documents(change):
    with pytest.raises(ValidationError):
        VALIDATOR.validate({**read(make_map()), **change})


def test_the_schema_lets_minor_versions_add_keys():
    VALIDATOR.validate({**read(make_map()), "format_version": "1.7", "new": 1})


def test_jq_finds_a_weight():
    amap = make_map()
    result = subprocess.run(
        ["jq", "-c", ".weights[0][1][2], .queries[1].label"],
        input=to_json(amap),
        capture_output=True,
        check=True,
    )
    row, label = map(json.loads, result.stdout.splitlines())
    assert np.array_equal(np.float32(row), amap.weights[0, 1, 2])
    assert label == "cat"


def test_documents_follow_one_another():
    lines = (to_json(make_map()) + to_json(make_map(["a", "\u2028"]))).splitlines()
    assert [len(json.loads(line)["keys"]) for line in lines] == [3, 2]


def test_the_shortest_decimals_are_those_of_numpy():
    rng = np.random.default_rng(3)
    bits = rng.integers(0, 1 << 32, 20_000, dtype=np.uint32).view(np.float32)
    with np.errstate(over="ignore"):
        numbers = np.concatenate(
            [
                bits[np.isfinite(bits)],
                rng.random(20_000, dtype=np.float32),
                (10.0 ** rng.uniform(-14, 2, 20_000)).astype(np.float32),
                np.arange(-1000, 1001, dtype=np.float32) / np.float32(1000),
                np.float32([0.0, -0.0, 1e-12, 9.999999e-13, 0.99999994, 2.0**-30, 1 / 3]),
            ]
        )
    texts = numbers.astype("S").astype(np.float64)
    assert np.array_equal(shortest_decimals(numbers), texts)
