"""Text formats are written in blocks of rows: the same bytes, without memory for the whole."""

import json

import numpy as np
import pytest

from attnviz.api.atomic_file import GrowingFile, write_file
from attnviz.core.attention_map import AttentionMap
from attnviz.core.file_format import COLUMNS
from attnviz.core.tokens import Token
from attnviz.errors import CouldNotError
from attnviz.render.data import decimals
from attnviz.render.formats import FORMATS, find_format

STREAMED = ("csv", "tsv", "json", "jsonl")


def map_of(n_head, n_token):
    """A causal map with labels that a template could take for its own signs."""
    weights = np.random.default_rng(0).random((2, n_head, n_token, n_token), dtype=np.float32)
    visible = np.tril(np.ones((n_token, n_token), bool))
    labels = ["%r", "100%", "%(x)s", "\x00", "\x01", "a,b", 'q"', "é"]
    tokens = tuple(Token(label, label) for label in (labels * n_token)[:n_token])
    return AttentionMap(tokens, tokens, weights * visible, visible)


@pytest.mark.parametrize("name", STREAMED)
def test_blocks_of_any_size_make_the_same_bytes(name, monkeypatch):
    amap = map_of(2, 9)
    whole = find_format(name).render(amap)
    monkeypatch.setattr(decimals, "BLOCK_SIZE", 20)
    chunks = list(find_format(name).chunks(amap))
    assert b"".join(chunks) == whole and len(chunks) > 10


def test_a_streamed_document_equals_the_one_of_the_json_module():
    amap = map_of(2, 9)
    data = find_format("json").render(amap)
    document = json.loads(data)
    assert (np.array(document["weights"], np.float32) == amap.weights).all()
    assert (np.array(document["hidden"], bool) == amap.masked).all()
    assert json.dumps(document, separators=(",", ":")).encode() + b"\n" == data


def test_a_streamed_table_has_every_weight_once():
    amap = map_of(2, 9)
    header, *lines = find_format("csv").render(amap).decode().splitlines()
    assert header == ",".join(COLUMNS)
    places = [tuple(map(int, line.split(",", 4)[:4])) for line in lines]
    assert places == list(np.ndindex(amap.weights.shape))
    values = np.array([line.rsplit(",", 1)[1] for line in lines], np.float32)
    assert (values == amap.weights.ravel()).all()


@pytest.mark.parametrize("name", [row.name for row in FORMATS if row.name != "table"])
def test_a_full_device_is_named_for_every_format(name):
    with pytest.raises(CouldNotError, match="'/dev/full': No space left on device"):
        write_file("/dev/full", find_format(name).chunks(map_of(1, 8)))


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), MemoryError()])
def test_earlier_records_remain_when_a_record_fails(tmp_path, error):
    def failing():
        yield b"half of it"
        raise error

    file = GrowingFile(tmp_path / "all.jsonl")
    file.append([b"first ", b"record\n"])
    with pytest.raises((CouldNotError, MemoryError)):
        file.append(failing())
    file.append(b"second\n")
    file.commit()
    file.close()
    assert (tmp_path / "all.jsonl").read_bytes() == b"first record\nsecond\n"
