"""Text that is no attention, or no text: one clear line that says why."""

from __future__ import annotations

import gzip

import pytest

from attnviz.errors import CouldNotError, InvalidInputError
from attnviz.sources.external import read
from tests.sources.external.handmade_files import refused


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf \n", "the file is empty"),
        (b"hello\x1b[31m", "unrecognized format"),
        (b"[", "not JSON: .*line 1, column 2"),
        (b"[" * 100_000, "nested too deeply|not JSON"),
        (b"[[" + b"9" * 5000 + b"]]", "JSON that cannot be read|hold"),
        (b"[[1" + b"0" * 400 + b"]]", "float64 cannot hold"),
        (b"[[1e999]]", "is inf"),
        (b"[[NaN]]", "NaN is not a JSON number"),
        (b"[[-Infinity]]", "-Infinity is not a JSON number"),
        (b'{"a": 1, "a": 2}', "duplicate key 'a'"),
        (b"[[1.0]] [[1.0]]", "text after the first value"),
        (b'{"attention": [["' + b"x" * 100 + b'"]]}', "holds str"),
        (b'{"attention": [[true]]}', "holds bool"),
        (b'{"tokens": ["a"]}', "no attention among 'tokens'"),
        (b'{"attention": [[1.0]], "input_ids": [1e30]}', "input_ids .* from 0 to"),
        (b'{"attention": [[1.0]], "input_ids": [-1]}', "input_ids .* from 0 to"),
        (b"[[\xff]]", "byte 2 is not UTF-8"),
        (b'{"format": "attnviz", "format_version": "9.0"}', "reads 1"),
        (b'{"sequence_attributions": 3}', "list of objects"),
        (b'{"sequence_attributions": []}', "no sequence"),
        (b'{"sequence_attributions": [{"source_attributions": "!"}]}', "base64"),
        (b'{"sequence_attributions": [{"source_attributions": "AAAA"}]}', "invalid safetensors"),
        (b'{"sequence_attributions": [{"target_attributions": [[1.0]]}]}', "whole numbers"),
        (b'{"sequence_attributions": [{}]}', "no attributions"),
        (b"const params = {}", "the page has no attention"),
        (b'const params = {"attention": {}}', "the page has no attention"),
        (b'const params = {"attention": []}', "the page has no attention"),
        (b'const params = {"attention": [{"name": "x"}]}', "view 'x' has no attention"),
        (b'const params = {"attention": {"all": {"attn": [[[[1.0]]]]}}}', "left_text should be"),
        (b"const params = {", "not JSON"),
        (b"x(AttentionHeads, {})", "attention"),
        (b'x(AttentionHeads, {"attention": [1.0], "tokens": ["a"]})', "not .head, query, key"),
        (b"\x1f\x8b", "invalid gzip"),
        (gzip.compress(b"[[1.0]]" * 50, mtime=0)[:-9], "invalid gzip"),
        (gzip.compress(gzip.compress(b"[[1.0]]", mtime=0), mtime=0), "unrecognized format"),
        (b"layer,head,query,key,weight\n" + b"0,0,0,0," + b"9" * 200_000, "invalid table"),
        (b'layer,head,query,key,weight\n0,0,0,0,"', "invalid table"),
    ],
)
def test_text_that_is_no_attention_is_refused_with_its_reason(data, reason):
    refused(data, reason)


def test_a_byte_order_mark_is_dropped():
    assert read(b"\xef\xbb\xbf[[1.0]]").weights.tolist() == [[[[1.0]]]]


@pytest.mark.parametrize("name", ["missing.npz", "folder", "nul\x00", "bad\x1b[31m\n.json"])
def test_a_file_that_cannot_be_opened_is_an_error_of_one_line(name, tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(CouldNotError, match="cannot read") as told:
        read(tmp_path / name)
    assert told.value.status == 1
    assert str(told.value).isprintable()


def test_the_name_of_a_file_cannot_write_to_the_terminal(tmp_path):
    path = tmp_path / "bad\x1b[31m\n.json"
    path.write_bytes(b"[")
    with pytest.raises(InvalidInputError, match=r"bad.*not JSON") as told:
        read(path)
    assert str(told.value).isprintable()
