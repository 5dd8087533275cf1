"""Tokenizers of folders without a tokenizer.json: their ids are those of transformers."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pytest

import attnviz
from attnviz.errors import AttnvizError, CouldNotError, InvalidInputError
from attnviz.sources.tokenizing.bpe_files import BPE_KINDS
from attnviz.sources.tokenizing.charsmap import Charsmap
from attnviz.sources.tokenizing.sentencepiece_kinds import SENTENCEPIECE_KINDS
from attnviz.sources.tokenizing.sentencepiece_model import read_sentencepiece
from attnviz.sources.tokenizing.tokenizer_files import KINDS, find_tokenizer_files
from attnviz.sources.tokenizing.tokenizer_folder import describe_tokenizer
from attnviz.sources.tokenizing.tokenizer_json import load_tokenizer, tokens_of_ids
from attnviz.sources.tokenizing.tokenizers import find_tokenizer
from tests.cli.runner import run
from tests.sources.reference import MODELS
from tests.tokenizers.folders import FOLDERS, HERE, make_folder
from tests.tokenizers.texts import PAIR, PLAIN, TEXTS

REFERENCES = np.load(HERE / "references.npz")
# Of the texts, those that transformers' tokenizers in Rust and in Python encode differently.
MAX_DIFFERENT = 9


def reference_ids(name, kind):
    """The ids of each text by transformers, and those of the pair."""
    ends = np.cumsum(REFERENCES[f"{name}.{kind}.sizes"])
    return [part.tolist() for part in np.split(REFERENCES[f"{name}.{kind}"], ends)[:-1]]


@pytest.mark.parametrize("name", [name for name in FOLDERS if name != "tekken"])
def test_ids_are_those_of_transformers(name, tmp_path):
    tokenizer = load_tokenizer(make_folder(name, tmp_path))
    ids = [list(tokenizer.encode(text).ids) for text in TEXTS]
    slow, fast = reference_ids(name, "slow"), reference_ids(name, "fast")
    neither = [
        text
        for text, own, *both in zip(TEXTS, ids, slow, fast, strict=False)
        if own not in both and not (name == "byt5" and text.endswith("</s>"))
    ]
    assert neither == []
    assert sum(own != other for own, other in zip(ids, fast, strict=False)) <= MAX_DIFFERENT
    if name != "blenderbot":  # transformers drops the second text
        assert list(tokenizer.encode(*PAIR).ids) in (slow[-1], fast[-1])


def test_ids_of_the_target_language_are_those_of_its_model(tmp_path):
    tokenizer = load_tokenizer(make_folder("marian", tmp_path), is_target=True)
    ids = [list(tokenizer.encode(text).ids) for text in TEXTS]
    assert ids == reference_ids("target", "slow")
    source = load_tokenizer(tmp_path / "marian")
    assert ids != [list(source.encode(text).ids) for text in TEXTS]


def test_ids_of_tekken_are_those_of_tiktoken(tmp_path):
    tokenizer = load_tokenizer(make_folder("tekken", tmp_path))
    ids = [list(tokenizer.encode(text).ids) for text in PLAIN]
    assert ids == reference_ids("tekken", "slow")
    assert tokenizer.encode("the [INST] cat").tokens.count("[INST]") == 1


def test_every_kind_has_a_reference():
    classes = {config["tokenizer_class"] for _, config in FOLDERS.values()}
    assert [kind.name for kind in KINDS if not classes & set(kind.classes)] == []
    assert classes >= set(SENTENCEPIECE_KINDS) | set(BPE_KINDS)


# Kinds that encode every character, and that generate text.
GENERATING = ["gpt2", "roberta", "qwen2", "llama-new", "gemma", "m2m100", "byt5", "tekken"]


@pytest.mark.parametrize("name", GENERATING)
def test_ids_alone_have_the_labels_of_the_tokens_of_a_text(name, tmp_path):
    """Predicted, generated and given ids: no marks of a vocabulary, parts of a character named."""
    folder = make_folder(name, tmp_path)
    encoding = find_tokenizer(str(folder)).encode("The naïve 日本 😀👍 cats  sat\non")
    library = load_tokenizer(folder)
    labels = [token.label for token in encoding.tokens]
    made = [t.label for t in tokens_of_ids(library, encoding.ids, is_sequence=True)]
    assert made == labels
    alone = [token.label for token in tokens_of_ids(library, encoding.ids)]
    assert [
        label for label in alone if any(mark in label for mark in ("Ġ", "▁", "<0x", "Ċ"))
    ] == []
    for label, own in zip(labels, alone, strict=True):
        is_part = label.endswith("⟩") and not label.startswith("<")
        assert own == label or (is_part and re.fullmatch(r".*⟨0x[\dA-F]+⟩.*", own))
    cut = tokens_of_ids(
        library,
        [i for i, own in zip(encoding.ids, alone, strict=True) if "⟨0xF0" in own],
        is_sequence=True,
    )
    assert all("0xF0" in token.label for token in cut)


@pytest.mark.parametrize("name", FOLDERS)
def test_offsets_cover_the_text(name, tmp_path):
    text = "The cat  sat\non naïve mats"
    encoding = find_tokenizer(str(make_folder(name, tmp_path))).encode(text)
    covered = {i for t in encoding.tokens if not t.special for i in range(t.start, t.end)}
    assert {i for i, c in enumerate(text) if c.isalpha()} <= covered
    assert all(0 <= t.start <= t.end <= len(text) for t in encoding.tokens)


@pytest.mark.parametrize(("kind", "model_type"), [(k, m) for k in KINDS for m in k.model_types])
def test_a_model_type_stands_for_its_class(kind, model_type, tmp_path):
    name = next(n for n, (_, c) in FOLDERS.items() if c["tokenizer_class"] in kind.classes)
    folder = make_folder(name, tmp_path)
    (folder / "tokenizer_config.json").unlink()
    (folder / "config.json").write_text(json.dumps({"model_type": model_type}))
    assert find_tokenizer_files(folder).kind is kind


def test_added_tokens_have_their_stated_ids(tmp_path):
    folder = make_folder("bert", tmp_path)
    n = len((folder / "vocab.txt").read_text().splitlines())
    (folder / "added_tokens.json").write_text(json.dumps({"[NEW]": n, "brandnew": n + 1}))
    (folder / "special_tokens_map.json").write_text(
        json.dumps({"additional_special_tokens": ["[NEW]"], "unk_token": {"content": "[UNK]"}})
    )
    encoding = find_tokenizer(str(folder)).encode("the [NEW] BRANDNEW cat")
    assert {n, n + 1} <= set(encoding.ids)
    assert [t.piece for t in encoding.tokens if t.piece.isupper()] == ["[CLS]", "[NEW]", "[SEP]"]


def protobuf(*fields):
    """A message of fields (number, bytes)."""
    return b"".join(bytes([number << 3 | 2, len(value)]) + value for number, value in fields)


PIECE = protobuf((1, b"a"))
BROKEN_MODELS = [
    (b"", "it has no pieces"),
    (b"\x0a", "the file ends within a number"),
    (b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "a number of more than 10 bytes"),
    (b"\x0a\xff\x7f", "a field of 16,383 bytes, but 0 bytes follow"),
    (b"\x0b", "wire type 3 is not supported"),
    (protobuf((1, protobuf((1, b"\xff")))), "piece 0 is not UTF-8"),
    (protobuf((1, b"")), "piece 0 has no text"),
    (protobuf((1, PIECE + b"\x15\x00\x00\xc0\x7f")), "piece 0 has no text, no finite score"),
    (protobuf((1, PIECE), (1, PIECE)), "two of its pieces are the same"),
    (protobuf((1, PIECE)), "has no trainer_spec: the file may be incomplete"),
    (protobuf((1, PIECE), (2, b"\x18\x01")), "unk_id = 0 is not the unknown piece"),
    (protobuf((1, PIECE), (2, b"\x18\x03")), r"model_type = 3 should be 1"),
    (protobuf((1, PIECE), (2, b"\xc0\x01\x01")), "treat_whitespace_as_suffix"),
    (protobuf((1, PIECE), (2, b"\x18\x01"), (3, b"\x28\x00")), "escape_whitespaces"),
]


@pytest.mark.parametrize(("content", "message"), BROKEN_MODELS)
def test_a_damaged_sentencepiece_model_is_refused(content, message, tmp_path):
    folder = make_folder("t5", tmp_path)
    (folder / "spiece.model").write_bytes(content)
    with pytest.raises(InvalidInputError, match=message) as caught:
        load_tokenizer(folder)
    assert str(caught.value).isprintable() and "spiece.model" in str(caught.value)


def test_a_sentencepiece_model_is_read_or_refused_wherever_it_is_cut(tmp_path):
    folder = make_folder("llama", tmp_path)
    path = folder / "tokenizer.model"
    content = path.read_bytes()
    for end in [*range(0, 60), *range(60, len(content), 331)]:
        path.write_bytes(content[:end])
        with pytest.raises(AttnvizError, match=r"tokenizer\.model"):
            load_tokenizer(folder)


N_BERT = len((HERE / "cased.txt").read_text().splitlines())
SETTINGS = {
    "tokenizer_config.json": [
        ("[1]", "should hold a JSON object"),
        ('{"tokenizer_class": "XLNetTokenizer"}', "vocab.txt of tokenizer_class 'XLNetTokenizer'"),
        ('{"tokenizer_class": "T5Tokenizer"}', "nor spiece.model or .* of its tokenizer_class T5"),
        ('{"do_lower_case": 1}', "do_lower_case = 1 should be true or false"),
        ('{"do_basic_tokenize": false}', "do_basic_tokenize = false is not supported"),
        ('{"never_split": ["a"]}', "never_split is not supported"),
        ('{"cls_token": 3}', "cls_token should be a token"),
        ('{"cls_token": "[X]", "sep_token": "a b"}', "sep_token = 'a b' is not supported"),
        ('{"cls_token": "$A"}', r"cls_token = '\$A' is not supported"),
        (
            '{"added_tokens_decoder": {"7000": {"content": "[A]"}}}',
            rf"\[A\]' has id 7000; by the vocabulary it should have {N_BERT}$",
        ),
        ('{"added_tokens_decoder": {"7000": {"content": "[CLS]"}}}', "has id 7000; by .* have 2$"),
        ('{"added_tokens_decoder": {"x": {"content": "[A]"}}}', "'x' should be a token id"),
        ('{"added_tokens_decoder": {"3": {"content": "[CLS]"}}}', r"\[CLS\]' has id 3; by .* 2"),
    ],
    "added_tokens.json": [('{"[A]": 9}', "has id 9"), ('{"[A]": -1}', "-1 should be a token id")],
}


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [(file, *row) for file, rows in SETTINGS.items() for row in rows],
)
def test_settings_that_do_not_fit_are_refused_by_name(file, content, message, tmp_path):
    folder = make_folder("bert", tmp_path)
    if file != "tokenizer_config.json" or "tokenizer_class" not in content:
        (folder / "config.json").write_text('{"model_type": "bert"}')
        (folder / "tokenizer_config.json").unlink()
    (folder / file).write_text(content)
    with pytest.raises(AttnvizError, match=message) as caught:
        load_tokenizer(folder)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("vocab.json", '{"a": 1}', r"should map pieces to the ids 0, 1, 2"),
        ("vocab.json", '{"a": 0, "b": 0}', r"should map pieces to the ids 0, 1, 2"),
        ("vocab.json", '{"a": -1}', r"should map pieces to the ids 0, 1, 2"),
        ("vocab.json", '{"a": true}', r"should map pieces to the ids 0, 1, 2"),
        ("vocab.json", "{}", r"should map pieces to the ids 0, 1, 2"),
        ("vocab.json", "[]", r"should map pieces to the ids 0, 1, 2"),
        ("vocab.json", '{"a": 0, "a": 1}', "duplicate key 'a'"),
        ("merges.txt", "#version\nx", "merges.txt, line 2: 'x' should be two pieces"),
        ("merges.txt", "#version\nĠ \u0601", "merges.txt, line 2"),
    ],
)
def test_damaged_merges_and_vocabularies_are_refused(file, content, message, tmp_path):
    folder = make_folder("gpt2", tmp_path)
    (folder / file).write_text(content)
    with pytest.raises(InvalidInputError, match=message):
        load_tokenizer(folder)


COUNTS = {"default_vocab_size": 300, "default_num_special_tokens": 25}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"config": {}}, "default_vocab_size should be an integer"),
        ({"config": COUNTS}, "pattern should be a string, vocab a list"),
        ({"config": COUNTS | {"pattern": 3}}, "pattern should be a string, vocab a list"),
        ({"vocab": {"rank": 0}}, "pattern should be a string, vocab a list"),
        *(
            ({"config": COUNTS | {"default_vocab_size": n}}, "should be an integer from 1 to 1,")
            for n in (0, True, 1.0, (1 << 20) + 1)
        ),
        ({"vocab": [{"rank": 1}]}, "entry 0 of vocab should have rank 0"),
        ({"vocab": [{"rank": 0, "token_bytes": "A"}]}, "entry 0 .* token_bytes in base64"),
        ({"vocab": [{"rank": 0, "token_bytes": "QQ==?"}]}, "entry 0 .* token_bytes in base64"),
        ({"vocab": ["QQ=="]}, "entry 0 of vocab should have rank 0"),
        ({"vocab": []}, "fewer than .* different tokens"),
        ({"vocab": 3}, "has no 'vocab'"),
        ({"special_tokens": [{}] * 25}, "special_tokens should be at most 25 names"),
    ],
)
def test_a_damaged_tekken_json_is_refused(change, message, tmp_path):
    folder = make_folder("tekken", tmp_path)
    document = json.loads((folder / "tekken.json").read_text())
    (folder / "tekken.json").write_text(json.dumps({**document, **change}))
    with pytest.raises(InvalidInputError, match=message):
        load_tokenizer(folder)


@pytest.fixture(scope="module")
def charsmap():
    """The rules of a model; they replace "e" with an accent, "½", and full-width letters."""
    return Charsmap(read_sentencepiece(HERE / "fairseq.model").charsmap)


@pytest.mark.parametrize(
    ("text", "normalized", "spans"),
    [
        ("abc", "abc", [(0, 1), (1, 2), (2, 3)]),
        ("xe\u0301y", "xéy", [(0, 1), (1, 3), (3, 4)]),
        ("e\u0301\u0301", "é\u0301", [(0, 2), (2, 3)]),
        ("½a", "1/2a", [(0, 1), (0, 1), (0, 1), (1, 2)]),
        ("a\nb", "a b", [(0, 1), (1, 2), (2, 3)]),
        ("", "", []),
        ("½" * 300, "1/2" * 300, [(i, i + 1) for i in range(300) for _ in range(3)]),
    ],
    ids=lambda value: value[:9] if isinstance(value, str) else "",
)
def test_the_longest_match_of_a_charsmap_is_replaced(charsmap, text, normalized, spans):
    result = charsmap.normalize(text)
    assert result.text == normalized
    assert [result.original_span(i, i + 1) for i in range(len(normalized))] == spans
    assert result.original_span(len(normalized), len(normalized)) == (len(text), len(text))


def test_a_charsmap_that_is_damaged_or_grows_a_text_is_refused(charsmap, monkeypatch):
    table = read_sentencepiece(HERE / "fairseq.model").charsmap
    for broken in (b"\xff" * 40, table[:3], table[:200], b"\4\0\0\0" + b"\xff" * 4):
        with pytest.raises(InvalidInputError, match="precompiled_charsmap is damaged"):
            Charsmap(broken).normalize("ab")
    monkeypatch.setattr("attnviz.sources.tokenizing.charsmap.MAX_GROWTH", 1)
    monkeypatch.setattr("attnviz.sources.tokenizing.charsmap.FREE_CHARACTERS", 0)
    assert charsmap.normalize("abc").text == "abc"
    with pytest.raises(InvalidInputError, match="makes the text too long"):
        charsmap.normalize("½½½")


@pytest.fixture
def bert_folder(tmp_path):
    """A BERT checkpoint with a vocab.txt in place of its tokenizer.json."""
    folder = tmp_path / "bert"
    shutil.copytree(MODELS / "bert", folder)
    vocab = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
    words = sorted(vocab, key=vocab.get)
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.txt").write_text("".join(f"{word}\n" for word in words))
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    return folder


def test_a_checkpoint_with_a_vocabulary_runs_as_with_its_tokenizer_json(bert_folder):
    there = attnviz.look("The cat sat", model=str(MODELS / "bert"))
    here = attnviz.look("The cat sat", model=str(bert_folder))
    assert [t.piece for t in here.queries] == [t.piece for t in there.queries]
    assert np.array_equal(here.weights, there.weights)


def test_models_names_the_files_of_the_tokenizer(bert_folder):
    assert "vocab.txt (WordPiece, BERT)" in run("models", str(bert_folder)).out
    assert describe_tokenizer(MODELS / "bert") == "tokenizer.json"
    (bert_folder / "vocab.txt").unlink()
    assert "no text: " in run("models", str(bert_folder)).out
    with pytest.raises(CouldNotError, match=r"has no tokenizer.json; save one there"):
        find_tokenizer(str(bert_folder))


@pytest.mark.parametrize(
    ("model_type", "name", "needed"),
    [
        ("marian", "source.spm", "source.spm and target.spm and vocab.json"),
        ("gpt2", "vocab.json", "vocab.json and merges.txt"),
        ("m2m_100", "vocab.json", "sentencepiece.bpe.model and vocab.json"),
    ],
)
def test_missing_files_of_a_model_type_are_named(model_type, name, needed, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": model_type}))
    (tmp_path / name).write_text("{}")
    with pytest.raises(CouldNotError) as caught:
        find_tokenizer(str(tmp_path))
    assert f"has neither tokenizer.json nor {needed}, the files of its model_type" in str(
        caught.value
    )


@pytest.mark.parametrize("name", ["vocab.txt", "vocab.json", "spiece.model"])
def test_one_file_of_a_tokenizer_leads_to_its_folder(name, tmp_path):
    (tmp_path / name).write_text('{"a": 0}')
    made = run("tokens", "the cat", "-t", str(tmp_path / name))
    assert (made.status, made.out, made.err.count("\n")) == (3, "", 1)
    assert f"is one of the files of a tokenizer; give their folder: {str(tmp_path)!r}" in made.err
    other = tmp_path / "other.json"
    other.write_text('{"a": 0}')
    assert "folder" not in run("tokens", "the cat", "-t", str(other)).err


def test_half_a_character_in_a_vocabulary_is_refused(tmp_path):
    folder = make_folder("gpt2", tmp_path)
    path = folder / "vocab.json"
    vocabulary = json.loads(path.read_text())
    first = next(token for token in vocabulary if len(token) == 1)
    vocabulary["\ud800"] = vocabulary.pop(first)
    path.write_text(json.dumps(vocabulary))
    with pytest.raises(InvalidInputError, match=r"'\\ud800', which is half a character"):
        load_tokenizer(folder)
