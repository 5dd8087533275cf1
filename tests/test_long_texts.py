"""Long texts: pooled maps, their notes, and --whole."""

import json
import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose

from attnviz import look
from attnviz.errors import AttnvizWarning, InvalidInputError, MisuseError, UnknownNameError
from tests.cli.runner import run

TEXT = " ".join(f"w{i % 97}" for i in range(600))


@pytest.mark.parametrize("by", ["share", "mean", "strongest"])
def test_pooled_is_the_full_map_pooled(by):
    whole = look(TEXT, variant="multihead", layers=2).weights
    pooled = look(TEXT, variant="multihead", layers=2, pool=60, pool_by=by)
    cells = whole.reshape(2, 4, 60, 10, 60, 10)
    expected = {
        "share": cells.sum(-1).mean(3),
        "mean": cells.mean((3, 5)),
        "strongest": cells.max((3, 5)),
    }
    assert_allclose(pooled.weights, expected[by], atol=1e-6)
    assert pooled.row_sum == ("1" if by == "share" else "any")
    assert "a cell of 10 queries × 10 keys" in pooled.meta["pooled"]
    assert pooled.queries[0].label == "w0…w9"


def test_long_texts_are_pooled_by_default_with_a_note(monkeypatch):
    monkeypatch.setattr("attnviz.api.pooling.MAX_UNPOOLED", 500)
    with pytest.warns(AttnvizWarning, match="600 × 600 tokens are pooled to at most 512 × 512"):
        assert look(TEXT, variant="causal").weights.shape[-1] == 300
    assert look(TEXT, variant="causal", pool=0).weights.shape[-1] == 600


def test_a_text_that_fits_is_not_pooled():
    assert "pooled" not in look("a b c", pool=3).meta
    assert "pooled" in look("a b c", pool=2).meta


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ({"pool": -1}, MisuseError, "pool=-1 should be at least 1"),
        ({"pool_by": "shares"}, UnknownNameError, "Did you mean 'share'"),
        (
            {"pool": 2, "select_segments": "A,B"},
            MisuseError,
            "select_segments cannot be combined with a pooled map",
        ),
    ],
)
def test_invalid_options_are_errors(asked, error, said):
    with pytest.raises(error, match=said):
        look(TEXT, **asked)


def test_memory_grows_with_the_text_and_not_with_its_square():
    text = " ".join(["a", "b", "c", "d"] * 1500)
    tracemalloc.start()
    try:
        look(text, variant="causal", dim=4, pool=32)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 6000 * 6000 * 8 / 3, "a third of one map in float64"


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "book.txt"
    path.write_text("\ufeffOne line.\n\nAnother line.\r\nThe end.\n", encoding="utf-8")
    return path


def test_a_file_can_be_one_text(book):
    made = run("-i", str(book), "--whole", "--json")
    assert made.status == 0, made.err
    labels = [token["label"] for token in json.loads(made.out)["queries"]]
    assert labels == ["One", "line", ".", "Another", "line", ".", "The", "end", "."]


def test_a_pipe_can_be_one_text():
    made = run("--whole", "--pool", "2", "--json", "-v", "causal", stdin="a b\nc d")
    document = json.loads(made.out)
    assert [token["label"] for token in document["keys"]] == ["a…b", "c…d"]
    assert document["meta"]["pooled"].startswith("a cell of 2 queries × 2 keys")
    assert np.sum(document["weights"][0][0], axis=-1) == pytest.approx(1.0)


def test_the_table_and_the_note_describe_a_cell(monkeypatch):
    monkeypatch.setattr("attnviz.api.pooling.MAX_UNPOOLED", 2)
    monkeypatch.setattr("attnviz.api.pooling.DEFAULT_POOL", 2)
    made = run("a b c d", "-v", "causal")
    assert "note: 4 × 4 tokens are pooled to at most 2 × 2 cells" in made.err
    assert "pooled: a cell of 2 queries × 2 keys shows the total weight on its keys" in made.out
    assert "max weight" not in made.out


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"fine\nno\xfft", "line 2, byte 3 is not UTF-8: 0xff"),
        (b" \n\t\n", "has no sentence"),
        (b"\xff", "line 1, byte 1 is not UTF-8"),
    ],
)
def test_an_unreadable_text_is_an_error_with_its_position(tmp_path, content, said):
    path = tmp_path / "bad.txt"
    path.write_bytes(content)
    made = run("-i", str(path), "--whole")
    assert made.status in (2, 3) and said in made.err
    assert made.out == ""


def test_a_file_beyond_the_size_limit_is_an_error(monkeypatch, book):
    from attnviz.cli.input.lines import read_whole

    with book.open("rb") as stream, pytest.raises(InvalidInputError, match="larger than 9 bytes"):
        list(read_whole(stream, cap=9))
