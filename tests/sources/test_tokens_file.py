"""tokenizer.json files: valid, hostile and damaged ones."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from attnviz.errors import CouldNotError, InvalidInputError, MisuseError
from attnviz.sources.tokenizing import child_process
from attnviz.sources.tokenizing import tokenizer_json as tokens_file
from attnviz.sources.tokenizing.tokenizers import find_tokenizer
from tests.sources.documents import bert_document


def labels(name, text):
    return [token.label for token in find_tokenizer(name).encode(text).tokens]


def test_a_file_adds_its_special_tokens(saved):
    made = find_tokenizer(saved(bert_document())).encode("The naïve", "Cat!")
    assert " ".join(t.label for t in made.tokens) == "[CLS] The na ïv e [SEP] Cat ! [SEP]"
    assert [t.piece for t in made.tokens][1:5] == ["the", "na", "##iv", "##e"]
    assert [t.special for t in made.tokens] == [1, 0, 0, 0, 0, 1, 0, 0, 1]
    assert [t.segment for t in made.tokens] == [0, 0, 0, 0, 0, 0, 1, 1, 1]
    assert [t.word for t in made.tokens] == [None, 0, 1, 1, 1, None, 0, 1, None]
    assert made.ids == (1, 3, 5, 6, 7, 2, 4, 9, 2)


def test_a_folder_with_a_tokenizer_json(saved):
    path = saved(bert_document())
    assert (
        labels(str(Path(path).parent), "cat") == labels(path, "cat") == ["[CLS]", "cat", "[SEP]"]
    )


PADDING = {
    "strategy": {"Fixed": 50_000_000},
    "direction": "Right",
    "pad_to_multiple_of": None,
    "pad_id": 0,
    "pad_type_id": 0,
    "pad_token": "[PAD]",
}
TRUNCATION = {"max_length": 0, "strategy": "LongestFirst", "stride": 0, "direction": "Right"}


def test_padding_and_truncation_of_a_file_are_ignored(saved):
    plain = labels(saved(bert_document()), "the cat sat")
    assert (
        labels(saved(bert_document(padding=PADDING, truncation=TRUNCATION)), "the cat sat")
        == plain
    )


def test_the_library_itself_would_apply_them():
    few = {**PADDING, "strategy": {"Fixed": 50}}
    assert len(Tokenizer.from_str(json.dumps(bert_document(padding=few))).encode("cat").ids) == 50
    cut = Tokenizer.from_str(json.dumps(bert_document(truncation=TRUNCATION, post_processor=None)))
    assert not cut.encode("cat").ids


CATASTROPHIC_REGEX = {
    "type": "Split",
    "pattern": {"Regex": "(?:a+)+$|((a*)*)*b"},
    "behavior": "Isolated",
    "invert": False,
}


def test_a_panic_of_the_library_is_one_line(saved, capfd, monkeypatch):
    monkeypatch.setattr(child_process, "TIME_LIMIT", 60.0)  # the panic takes CPU time
    broken = find_tokenizer(saved(bert_document(pre_tokenizer=CATASTROPHIC_REGEX)))
    with pytest.raises(InvalidInputError, match="crashed: Onig"):
        broken.encode("a" * 32 + "c")
    assert capfd.readouterr().err == ""


def test_the_panic_is_real(capfd):
    """The library itself raises a BaseException and writes to standard error."""
    library = Tokenizer.from_str(json.dumps(bert_document(pre_tokenizer=CATASTROPHIC_REGEX)))
    with pytest.raises(BaseException) as caught:
        library.encode("a" * 32 + "c")
    assert not isinstance(caught.value, Exception)
    assert "panicked" in capfd.readouterr().err


def test_standard_error_is_restored(saved, capfd):
    find_tokenizer(saved(bert_document())).encode("the cat")
    os.write(2, b"still here")
    assert capfd.readouterr().err == "still here"


def test_standard_error_is_restored_after_many_threads(saved, capfd):
    encode = find_tokenizer(saved(bert_document())).encode
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda i: encode("the cat " * (1 + i % 7)).ids, range(200)))
    assert [len(ids) for ids in made[:7]] == [4, 6, 8, 10, 12, 14, 16]
    os.write(2, b"still here")
    assert capfd.readouterr().err == "still here"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "not json",
        "[1, 2]",
        "{}",
        "null",
        "[" * 100_000,
        '{"a": ' * 5000 + "1" + "}" * 5000,
        '{"version": ' + "9" * 5000 + "}",
        json.dumps(bert_document(model={"type": "Unigram", "unk_id": 7, "vocab": [["a", 0.0]]})),
        json.dumps(bert_document(pre_tokenizer={"type": "Nobody"})),
        '{"model": "\\ud800"}',
        '{"model": NaN}',
    ],
    ids=range(12),
)
def test_a_file_that_is_not_a_tokenizer_is_refused(saved, content):
    path = saved(content)
    with pytest.raises(InvalidInputError) as caught:
        find_tokenizer(path)
    assert caught.value.status == 3 and repr(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bytes_that_are_not_text_are_refused(tmp_path):
    path = tmp_path / "t.json"
    path.write_bytes(b'{"a": "\xff\xfe"}')
    with pytest.raises(InvalidInputError, match="is not JSON"):
        find_tokenizer(str(path))


def test_a_file_beyond_the_size_limit_is_refused(saved, monkeypatch):
    monkeypatch.setattr(tokens_file, "MAX_BYTES", 1 << 20)
    path = saved(json.dumps(bert_document()) + " " * (1 << 20))
    with pytest.raises(InvalidInputError, match="larger than 1,048,576 bytes"):
        find_tokenizer(path)


@pytest.mark.parametrize(
    "path", ["./none.json", "none.json", "no/where", "a/\x00.json", "x/" * 9999]
)
def test_a_path_without_a_file_cannot_be_read(path):
    with pytest.raises(CouldNotError, match="cannot read tokenizer"):
        find_tokenizer(path)


def test_a_sentence_without_tokens_is_misuse(saved):
    path = saved(bert_document(post_processor=None))
    with pytest.raises(MisuseError, match="finds no tokens"):
        find_tokenizer(path).encode("\u200b")
