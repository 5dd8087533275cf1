"""Files of other programs in which one field is not what it should be: one line names it."""

import json
import struct
from base64 import b64encode
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

import attnviz
from attnviz.errors import InvalidInputError
from attnviz.sources.external import csv_table, read
from attnviz.sources.external.items import choose_item, is_json_lines
from attnviz.sources.external.long_table import MapHeads, OrderedIndices
from attnviz.sources.external.selection import Item, Selection
from attnviz.sources.external.token_columns import TokenColumn
from attnviz.sources.safe_read import LONGEST
from tests.sources.external.handmade_files import npy, npz, refused

FIXTURES = Path(__file__).parent / "fixtures"
INSEQ = json.loads((FIXTURES / "inseq.json").read_text())
WEIGHTS = np.full((1, 2, 3, 3), 1 / 3, np.float32)


def inseq(**fields):
    """The fixture of Inseq with other fields of its first sequence."""
    first, *others = INSEQ["attributes"]["sequence_attributions"]
    changed = {**first, "attributes": {**first["attributes"], **fields}}
    inner = {**INSEQ["attributes"], "sequence_attributions": [changed, *others]}
    return json.dumps({**INSEQ, "attributes": inner}).encode()


def document(**fields):
    file = BytesIO()
    attnviz.write(attnviz.look("a b"), file, format="json")
    return json.dumps(json.loads(file.getvalue()) | fields).encode()


def nested(n):
    value = 1
    for _ in range(n):
        value = [value]
    return value


def large_directory():
    """A zip file whose directory, as its last record states, has a gigabyte."""
    data = bytearray(npz([("a.npy", npy(np.eye(2)))]))
    data[-10:-6] = struct.pack("<I", 1 << 30)
    return bytes(data)


def bertviz(attn=WEIGHTS, vectors=None, **params):
    """A page of BertViz's neuron view, of the size that matters here."""
    words = ["a", "b", "c"]
    view = {"name": "All", "attn": attn.tolist(), "left_text": words, "right_text": words}
    view |= {} if vectors is None else {"queries": vectors.tolist(), "keys": vectors.tolist()}
    params = json.dumps({"attention": {"all": view}, **params})
    return f"<html><script>const params = {params};</script>".encode()


NO_TENSOR = b64encode(save({"other": WEIGHTS})).decode()
DAMAGED = {
    "Inseq: axes": (inseq(target_attributions=[0.5]), "of shape .* are not .key, query"),
    "Inseq: tokens": (inseq(target="a b"), "target should be a list of tokens"),
    "Inseq: a token": (inseq(target=["a"]), "an Inseq object should have attributes"),
    "Inseq: tensors": (inseq(target_attributions=NO_TENSOR), "no 'attribution'"),
    "BertViz: axes": (bertviz(WEIGHTS[0]), "of shape .* is not .layer, head, query, key"),
    "BertViz: vectors": (bertviz(vectors=WEIGHTS[0]), "queries should be finite numbers .layer"),
    "BertViz: layers": (bertviz(include_layers=[-1]), "layers and heads should be lists of whole"),
    "BertViz: heads": (bertviz(include_heads="0"), "layers and heads should be lists of whole"),
    "BertViz: data": (b"<html><script>const params = {[]}", "JSON"),
    "CircuitsVis: data": (b"<html><script>AttentionHeads, {1}</script>", "JSON"),
    "document: depth": (document(meta={"a": nested(40)}), "meta is nested deeper than 32"),
    "npz: directory": (large_directory(), "its directory is for more than 10,000 members"),
    "CSV with ids: UTF-8": (b"id,query,key,weight\na,0,0,1\nb,0,0,\xff\n", "byte 34 is not UTF-8"),
    "CSV: UTF-8": (b"query,key,weight\n0,0,1\n0,0,\xff\n", "byte 27 is not UTF-8"),
    "CSV with ids: columns": (
        b"id,query,key,weight" + b",x" * 1000 + b"\na,0,0,1",
        "more than 1,000 columns",
    ),
    "CSV: rows": (b"0.5 0.5\n" * (LONGEST + 2), "the table has more than 131,072 rows"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_the_message_names_the_field(name):
    data, message = DAMAGED[name]
    refused(data, message)


def test_a_page_of_bertviz_is_read_with_its_vectors():
    vectors = np.arange(12.0).reshape(1, 2, 3, 2)
    amap = read(bertviz(vectors=vectors, include_layers=[4], include_heads=[2, 0]))
    assert (amap.layers, amap.heads) == ((4,), (2, 0))
    assert np.array_equal(amap.query_vectors, vectors)


def test_lines_that_begin_with_a_list_are_json_lines_if_that_is_one():
    assert is_json_lines(b'[{"a": 1}]\n[{"a": 2}]\n')
    assert not is_json_lines(b'[{"a": 1},]\n[{"a": 2}]\n')


def test_a_damaged_record_has_no_id_until_it_is_read():
    """Another record is chosen by its id; the damaged one is refused where it is read itself."""
    items = [Item(None, f"line {n}: ", line) for n, line in enumerate((b"{", document(id="b")))]
    chosen, rest, guesses = choose_item(items, Selection.parse("b"), is_table=False)
    assert chosen is items[1] and rest.name is None and guesses == ()


def test_a_value_of_json_lines_that_is_no_object():
    with pytest.raises(InvalidInputError, match="JSON object"):
        read(b'{"format": "attnviz", "format_version": "1.0"}\n3\n', which=1)


def test_values_that_exhaust_the_stack_are_nested_too_deeply(monkeypatch):
    def overflow(*args, **kwargs):
        raise RecursionError

    monkeypatch.setattr("attnviz.sources.external.assemble.assemble", overflow)
    refused(document(), "its values are nested too deeply")


def test_tables_have_a_limit_of_tokens_and_of_heads():
    texts = list(map(str, range(LONGEST + 1)))
    assert TokenColumn().encode(texts[:LONGEST]) == list(range(LONGEST))
    with pytest.raises(InvalidInputError, match="more than 131,072 tokens"):
        TokenColumn().encode(texts)
    with pytest.raises(InvalidInputError, match="more than 131,072 heads"):
        MapHeads().encode(["a"] * len(texts), range(len(texts)))


def test_indices_are_in_order_of_appearance_and_known_ones_change_nothing():
    indices = OrderedIndices()
    for block in ([3, 1, 3], [1, 3], [2, 1, 0]):
        indices.update(np.array(block))
    assert indices.order == [3, 1, 2, 0]


def test_a_line_that_ends_within_the_limit_is_read(monkeypatch):
    monkeypatch.setattr(csv_table, "MAX_LINE", 40)
    rows = b"query,key,weight\n" + b"0,0,1\n"
    assert read(rows).weights.shape == (1, 1, 1, 1)
    refused(rows + b'0,1,"' + b" \n" * 20 + b'"\n', "a line has more than 40 characters")
