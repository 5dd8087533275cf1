"""Limits of vocabularies and settings of tokenizers, and what is refused by name."""

import json
import subprocess
from dataclasses import replace
from types import SimpleNamespace

import pytest

from attnviz.errors import InvalidInputError
from attnviz.sources.tokenizing import bpe_merges, child_process, sentencepiece_model
from attnviz.sources.tokenizing.bpe_files import read_merges
from attnviz.sources.tokenizing.bpe_merges import all_merges
from attnviz.sources.tokenizing.charsmap import Charsmap
from attnviz.sources.tokenizing.chat_prompt import ChatPrompt, encode_prompt
from attnviz.sources.tokenizing.child_process import (
    ChildTokenizer,
    ChildWorker,
    exchange_line,
    start_process,
    stop_process,
)
from attnviz.sources.tokenizing.mapped_tokenizer import MappedTokenizer
from attnviz.sources.tokenizing.sentencepiece_document import model_section, space_steps
from attnviz.sources.tokenizing.sentencepiece_model import (
    UNKNOWN,
    UNUSED,
    Piece,
    check_pieces,
    read_piece,
    read_sentencepiece,
)
from attnviz.sources.tokenizing.special_tokens import MAX_ADDED, FolderSettings
from attnviz.sources.tokenizing.tokenizer_growth import longest_replacement
from attnviz.sources.tokenizing.tokenizer_json import load_tokenizer
from attnviz.sources.tokenizing.wordpiece_files import read_vocabulary
from tests.sources.documents import bert_document
from tests.sources.test_tokenizer_files import protobuf
from tests.tokenizers.folders import HERE, make_folder


def settings(config=None, special=None):
    return FolderSettings(config=config or {}, special=special or {}, added={}, model={})


MANY = {str(n): n for n in range(MAX_ADDED + 1)}
REFUSED = {
    "an integer": (lambda: settings({"n": True}).get_int("n", 0, 9), "from 0 to 9"),
    "a large integer": (lambda: settings({"n": 10}).get_int("n", 0, 9), "n = 10 should be"),
    "a string": (lambda: settings({"n": 3}).get_str("n", ""), "n = 3 should be a string"),
    "added": (
        lambda: list(settings({"added_tokens_decoder": [1]}).added_ids()),
        "added_tokens_decoder should be an object",
    ),
    "many added": (
        lambda: list(settings({"added_tokens_decoder": MANY}).added_ids()),
        "added_tokens_decoder should be an object",
    ),
    "further": (
        lambda: list(settings({"extra_special_tokens": "a"}).further_tokens()),
        "extra_special_tokens should be a list of tokens",
    ),
    "a long piece": (lambda: all_merges(["a" * 257], ()), "a piece of BPE may have 256"),
    "base64": (lambda: longest_replacement("a", "normalizer"), "precompiled_charsmap is not base"),
    "a long piece of a model": (
        lambda: read_piece(protobuf((1, b"a" * 100)), 3),
        "piece 3 has more than 64 bytes",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_beyond_a_limit_is_refused(name, monkeypatch):
    monkeypatch.setattr(sentencepiece_model, "MAX_PIECE", 64)
    make, message = REFUSED[name]
    with pytest.raises(InvalidInputError, match=message):
        make()


def test_further_tokens_may_have_names():
    tokens = settings({"extra_special_tokens": {"image": "<i>", "audio": "<a>"}}).further_tokens()
    assert [token.content for token in tokens] == ["<i>", "<a>"]


def test_merges_and_pieces_have_limits_in_all(monkeypatch):
    pieces = {"a", "b", "ab", "aba"}
    assert all_merges(["ab", "aba"], pieces) == [["a", "b"], ["ab", "a"]]
    monkeypatch.setattr(bpe_merges, "MAX_MERGES", 1)
    with pytest.raises(InvalidInputError, match="more than 1 merges"):
        all_merges(["ab", "aba"], pieces)
    monkeypatch.setattr(sentencepiece_model, "MAX_PIECES", 3)
    check_pieces([Piece("é", 0.0, 1), Piece("a", 0.0, 1)])
    with pytest.raises(InvalidInputError, match="its pieces have 4 bytes; at most 3"):
        check_pieces([Piece("é", 0.0, 1), Piece("è", 0.0, 1)])


MODEL = read_sentencepiece(HERE / "t5.model")


def test_pieces_that_a_document_cannot_have():
    pieces = [Piece("<unk>", 0.0, UNKNOWN), Piece("a", 0.0, 1)]
    assert model_section(MODEL, pieces)["unk_id"] == 0
    with pytest.raises(InvalidInputError, match="type UNUSED are not supported"):
        model_section(MODEL, [*pieces, Piece("b", 0.0, UNUSED)])
    with pytest.raises(InvalidInputError, match="is also a token of the tokenizer's class"):
        model_section(MODEL, [*pieces, Piece("a", 0.0, 1)])


def test_a_model_that_removes_extra_spaces_does_so_before_spaces_are_marked():
    model = replace(MODEL, remove_extra_spaces=True, add_dummy_prefix=True)
    (ends, inner, prefix, mark), _ = space_steps(model, split_words=False, prefix_once=False)
    assert [step["type"] for step in (ends, inner, prefix, mark)] == [
        *("Replace", "Replace", "Prepend", "Replace")
    ]
    model = replace(model, remove_extra_spaces=False)
    assert space_steps(model, split_words=False, prefix_once=False)[0] == [prefix, mark]


def test_a_file_of_merges_that_is_no_text_is_named(tmp_path):
    (tmp_path / "merges.txt").write_bytes(b"a b\n\xff")
    with pytest.raises(InvalidInputError, match=r"merges\.txt: byte 4 is not UTF-8"):
        read_merges(tmp_path / "merges.txt", {"a": 0, "b": 1})


@pytest.mark.parametrize("text", ["a\nb\n", "a\nb", "a\r\nb\r\n"])
def test_the_last_line_of_a_vocabulary_may_lack_its_end(text, tmp_path):
    (tmp_path / "vocab.txt").write_bytes(text.encode())
    assert read_vocabulary(tmp_path / "vocab.txt") == {"a": 0, "b": 1}


def test_a_charsmap_whose_match_ends_within_a_character_is_damaged(monkeypatch):
    monkeypatch.setattr(Charsmap, "find_match", lambda *_: (0, 1))
    table = Charsmap(read_sentencepiece(HERE / "fairseq.model").charsmap)
    with pytest.raises(InvalidInputError, match="precompiled_charsmap is damaged"):
        table.normalize("é")


def test_a_tekken_json_without_pattern_is_refused(tmp_path):
    folder = make_folder("tekken", tmp_path)
    document = json.loads((folder / "tekken.json").read_text())
    document["config"]["pattern"] = None
    (folder / "tekken.json").write_text(json.dumps(document))
    with pytest.raises(InvalidInputError, match="pattern should be a string, vocab a list"):
        load_tokenizer(folder)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("marian", {"separate_vocabs": True}, "separate_vocabs = true is not supported"),
        ("m2m100", {"language_codes": "x"}, "language_codes = 'x' should be 'm2m100' or 'wmt21'"),
    ],
)
def test_settings_of_translation_models_are_refused(name, change, message, tmp_path):
    folder = make_folder(name, tmp_path)
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(InvalidInputError, match=message):
        load_tokenizer(folder)


def test_a_vocabulary_with_mapped_ids_has_an_unknown_token(tmp_path):
    tokenizer = load_tokenizer(make_folder("m2m100", tmp_path))
    assert tokenizer.token_to_id("<unk>") == 3 == tokenizer.ids["<unk>"]
    with pytest.raises(InvalidInputError, match="the vocabulary has no '<unk>'"):
        MappedTokenizer(SimpleNamespace(name="x"), {"a": 0}, Charsmap(b""))


def test_a_prompt_that_has_no_tokens_is_refused(tmp_path):
    (tmp_path / "tokenizer.json").write_text(
        json.dumps(
            bert_document(normalizer={"type": "Replace", "pattern": {"Regex": "."}, "content": ""})
        )
    )
    with pytest.raises(InvalidInputError, match="the chat template makes a prompt without tokens"):
        encode_prompt(load_tokenizer(tmp_path), ChatPrompt("cat", (), False))


def test_a_process_that_has_not_started_is_an_error():
    worker = ChildWorker()
    worker.stop()
    with pytest.raises(InvalidInputError, match="its process has not started"):
        worker.exchange(b"", "this text")


def test_a_process_that_cannot_be_started_is_an_error(monkeypatch):
    monkeypatch.setattr(child_process.sys, "executable", "/no/such/python")
    with pytest.raises(InvalidInputError, match=r"its process cannot be started: .*No such file"):
        start_process()


def test_a_process_that_has_ended_gives_no_answer_and_states_why():
    tokenizer = ChildTokenizer(json.dumps(bert_document()).encode())
    tokenizer.load()
    tokenizer.process.kill()
    tokenizer.process.wait()
    with pytest.raises(
        InvalidInputError, match="needs more than 2 GB of memory for this text, or"
    ):
        tokenizer.encode(["the cat"])
    assert tokenizer.process is None and tokenizer.encode(["the cat"])[0] == [1, 3, 4, 2]
    tokenizer.stop()


def test_a_closed_pipe_is_an_answer_that_does_not_come():
    lines = []
    process = start_process()
    process.stdin.close()
    exchange_line(process, b"x", lines)
    assert lines == []
    stop_process(process)


def test_pipes_with_data_that_cannot_be_written_are_closed():
    """Data in the buffer of a pipe whose reader has ended are an error when it is closed."""
    process = start_process()
    process.stdin.write(b"x" * 100)
    process.kill()
    process.wait()
    stop_process(process)
    assert process.stdin.closed and process.stdout.closed
    stop_process(subprocess.Popen(["true"]))


def test_an_answer_that_is_too_long_is_given_up(monkeypatch):
    monkeypatch.setattr(child_process, "MAX_ANSWER", 10)
    tokenizer = ChildTokenizer(json.dumps(bert_document()).encode())
    with pytest.raises(InvalidInputError, match="returns more than 10 bytes for its file"):
        tokenizer.encode(["the cat"])
    assert tokenizer.process is None
