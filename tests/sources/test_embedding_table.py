"""Own token embeddings and identity projections: attention that can be computed by hand."""

import json

import numpy as np
import pytest

from attnviz.api.explain import explain
from attnviz.api.look import look
from attnviz.errors import MisuseError, UnknownNameError
from tests.cli.runner import run

VECTORS = {"the": [1.0, 0.0, 0.0, 1.0], "cat": [0.0, 1.0, 1.0, 0.0], "sat": [1.0, 1.0, 0.0, 0.0]}
TEXT = "the cat sat"
ROWS = np.array(list(VECTORS.values()))
CSV = "".join(f"{name},{','.join(map(str, row))}\n" for name, row in VECTORS.items())
FILES = {
    "tokens.csv": CSV,
    "rows.csv": "".join(f"{','.join(map(str, row))}\n" for row in VECTORS.values()),
    "tokens.json": json.dumps(VECTORS),
    "rows.json": json.dumps(list(VECTORS.values())),
    "mark.csv": "\ufeff" + CSV,
}
HOMEWORK = {"variant": "scaled-dot", "projections": "identity"}


def by_hand(x):
    """softmax(X Xᵀ / √d)"""
    mass = np.exp(x @ x.T / np.sqrt(x.shape[1]))
    return mass / mass.sum(-1, keepdims=True)


@pytest.mark.parametrize("name", FILES)
def test_identity_and_own_vectors_give_the_textbook_formula(name, tmp_path):
    path = tmp_path / name
    path.write_text(FILES[name], encoding="utf-8")
    amap = look(TEXT, embedding=str(path), **HOMEWORK)
    assert np.allclose(amap.weights[0, 0], by_hand(ROWS), atol=1e-12)
    assert (amap.meta["embedding"], amap.meta["projections"], amap.meta["dim"]) == (
        *(name, "identity"),
        4,
    )
    words = (TEXT, "-v", "scaled-dot", "--embedding", str(path), "--projections", "identity")
    shown = json.loads(run(*words, "--json").out)
    assert np.allclose(shown["weights"][0][0], by_hand(ROWS), atol=1e-6)
    steps = {s["name"]: s for s in json.loads(run("explain", *words, "--json").out)["steps"]}
    for step in ("embeddings", "queries", "keys", "values"):
        assert np.array_equal(steps[step]["numbers"], ROWS)
    compared = run("compare", *words, "-v", "hard", "--json")
    assert (compared.status, compared.err) == (0, "")


@pytest.mark.parametrize("embedding", [VECTORS, list(VECTORS.values()), ROWS])
def test_python_takes_the_vectors_themselves(embedding):
    amap = look(TEXT, embedding=embedding, **HOMEWORK)
    assert np.allclose(amap.weights[0, 0], by_hand(ROWS), atol=1e-12)


def test_identity_heads_see_their_own_dimensions():
    step = {
        s.name: s.numbers
        for s in explain(
            TEXT,
            head=1,
            heads=2,
            embedding=VECTORS,
            variant="multihead",
            positions="none",
            projections="identity",
        ).steps
    }
    assert np.array_equal(step["queries"], ROWS[:, 2:])
    assert np.allclose(step["layer output"], ROWS + step["concatenation"], atol=1e-12)


def test_vectors_by_token_serve_a_context_and_padding():
    amap = look("cat", "the sat", embedding=VECTORS, variant="cross", projections="identity")
    assert amap.weights.shape[-1] == 2
    assert look("cat sat", embedding=VECTORS, variant="padding", pad=2).weights.shape[-1] == 4
    assert look("cat sat", embedding=ROWS[:2], variant="padding", pad=2).weights.shape[-1] == 4


BAD = {  # name of the file: its text, and what the message says
    "empty.csv": ("", "empty.csv holds no vectors"),
    "text.csv": ("cat,1,x\n", "text.csv, line 1: 'x' is not a finite number"),
    "nan.csv": ("cat,1,nan\n", "nan.csv, line 1: 'nan' is not a finite number"),
    "huge.csv": ("cat,1,1e999\n", "huge.csv, line 1: '1e999' is not a finite number"),
    "ragged.csv": ("the,1,2\ncat,1\nsat,1,2\n", "token 'cat': 1 numbers, where the first row"),
    "twice.csv": ("cat,1\ncat,2\n", "twice.csv has two vectors for 'cat'"),
    "alone.csv": ("cat\n", "alone.csv, line 1: should be a list of numbers"),
    "quote.csv": ('"cat,1\n', "quote.csv is no CSV file"),
    "wide.csv": ("cat" + ",1" * 9000, "9,000 numbers; at most 8,192"),
    "binary.csv": ("\udcff", "binary.csv is not UTF-8 text"),
    "broken.json": ('{"cat": [1', "broken.json: not JSON"),
    "twice.json": ('{"cat": [1], "cat": [2]}', "duplicate key 'cat'"),
    "deep.json": ('{"cat": ' + "[" * 100_000, "deep.json: JSON nested too deeply"),
    "rank.json": ('{"cat": [[1]]}', "is not a finite number"),
    "scalar.json": ('{"cat": 1}', "token 'cat': should be a list of numbers"),
    "bool.json": ('{"cat": [true]}', "'True' is not a finite number"),
    "text.json": ('{"cat": ["1"]}', "text.json has text among its numbers"),
    "nan.json": ('{"cat": [NaN]}', "NaN is not a JSON number"),
    "big.json": ('{"cat": [1' + "0" * 400 + "]}", "is not a finite number"),
    "missing.json": ('{"dog": [1]}', "missing.json has no vector for 'the'; it has 'dog'"),
    "rows.json": ("[[1], [2]]", "rows.json has 2 rows, and the text has 3 tokens"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_in_one_line(name, tmp_path):
    text, message = BAD[name]
    path = tmp_path / name
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    result = run(TEXT, "-v", "scaled-dot", "--embedding", str(path))
    assert result.status in (2, 3) and result.out == ""
    assert message in result.err and result.err.count("\n") == 1 and len(result.err) < 300


def test_other_misuse_is_refused():
    with pytest.raises(MisuseError, match="dim=8 does not match embedding given"):
        look(TEXT, embedding=VECTORS, dim=8)
    with pytest.raises(MisuseError, match="vectors of 4 numbers, which 3 heads"):
        look(TEXT, embedding=VECTORS, heads=3)
    with pytest.raises(UnknownNameError, match="Did you mean 'identity'"):
        look(TEXT, projections="identiti")
    with pytest.raises(MisuseError, match="should be a name, a file, a mapping, or rows"):
        look(TEXT, embedding=[[1.0], [1.0, 2.0], [3.0]])
    assert "cannot read" in run(TEXT, "--embedding", "no/such.csv").err
    assert "--projections has no effect on 'hard'" not in run(TEXT, "-v", "hard").err
    location = run(TEXT, "-v", "location", "--projections", "identity")
    assert location.status == 2 and "its weights do not depend on it" in location.err
    model = run(TEXT, "--model", "nothing", "--projections", "identity")
    assert "--projections cannot be combined with --model" in model.err


def test_a_seed_without_effect_is_refused():
    """Own vectors and identity projections leave nothing random."""
    with_seed = {"embedding": VECTORS, "projections": "identity", "seed": 3}
    with pytest.raises(MisuseError, match="seed has no effect"):
        look(TEXT, variant="scaled-dot", **with_seed)
    assert look(TEXT, variant="additive", **with_seed).weights.size  # W, U and v are random
