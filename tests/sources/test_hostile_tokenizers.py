"""tokenizer.json files that could exhaust memory or time, or make tokens random."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from attnviz.errors import AttnvizWarning, InvalidInputError
from attnviz.sources.tokenizing import child_process, limited_tokenizer
from attnviz.sources.tokenizing.regex_cost import is_costly
from attnviz.sources.tokenizing.tokenizer_json import load_tokenizer, tokens_of_ids
from attnviz.sources.tokenizing.tokenizer_settings import read_before_model
from attnviz.sources.tokenizing.tokenizers import find_tokenizer
from tests.sources.documents import bert_document
from tests.sources.limited_process import run_limited

TEXT = "the cat sat"
DOUBLE = {"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}
TEXT_A = {"Sequence": {"id": "A", "type_id": 0}}
TEXT_B = {"Sequence": {"id": "B", "type_id": 1}}
END = {"SpecialToken": {"id": "[SEP]", "type_id": 0}}
ENCODE = """
import sys
from attnviz.errors import InvalidInputError
from attnviz.sources.tokenizing import child_process
from attnviz.sources.tokenizing.tokenizers import find_tokenizer
child_process.TIME_LIMIT = 0.3
for path in sys.argv[1:]:
    try:
        print(len(find_tokenizer(path).encode("the cat sat").ids))
    except InvalidInputError as error:
        print(error)
"""


def sequence(kind, *steps):
    return {"type": "Sequence", kind: list(steps)}


def nested(kind, depth, step):
    """A step inside of `depth` sequences."""
    return step if depth == 0 else sequence(kind, nested(kind, depth - 1, step))


def template(single, ids=(2,), tokens=("[SEP]",), **more):
    return {
        "type": "TemplateProcessing",
        "single": single,
        "pair": [TEXT_A, TEXT_B],
        "special_tokens": {"[SEP]": {"id": "[SEP]", "ids": list(ids), "tokens": list(tokens)}},
        **more,
    }


def split(pattern):
    return {
        "type": "Split",
        "pattern": {"Regex": pattern},
        "behavior": "Isolated",
        "invert": False,
    }


def added(content, **more):
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "special"), False)
    return {"id": 90, "content": content, "normalized": True, **flags, **more}


def bpe_document(**changes):
    """Byte pairs: "ab" is one token, without dropout."""
    vocab = {"a": 0, "b": 1, "ab": 2}
    model = {"type": "BPE", "vocab": vocab, "merges": [["a", "b"]], **changes}
    return {"version": "1.0", "added_tokens": [], "model": model}


GROWING = {
    "replace": {"normalizer": sequence("normalizers", *[DOUBLE] * 40)},
    "no type": {"normalizer": {"normalizers": [{**DOUBLE, "type": None}] * 40}},
    "prepend": {
        "normalizer": sequence("normalizers", *[{"type": "Prepend", "prepend": "x" * 90_000}] * 60)
    },
    "byte level": {"normalizer": sequence("normalizers", *[{"type": "ByteLevel"}] * 40)},
    "metaspace": {
        "pre_tokenizer": sequence(
            "pretokenizers",
            *[
                {"type": "Metaspace", "replacement": mark, "prepend_scheme": "always"}
                for mark in "▁□" * 12
            ],
        )
    },
    "added token": {
        "normalizer": sequence("normalizers", *[DOUBLE] * 40),
        "added_tokens": [added("aaa")],
    },
}


@pytest.fixture
def save_each(tmp_path):
    """A function that writes documents to files and returns their paths."""

    def save(documents):
        paths = [tmp_path / f"{i}.json" for i, _ in enumerate(documents)]
        for path, document in zip(paths, documents, strict=True):
            path.write_text(json.dumps(document))
        return [str(path) for path in paths]

    return save


def assert_refused(path, message, text=TEXT, pair=None):
    start = time.perf_counter()
    with pytest.raises(InvalidInputError, match=message) as caught:
        find_tokenizer(path).encode(text, pair)
    assert "\n" not in str(caught.value) and str(caught.value).startswith("tokenizer '")
    assert time.perf_counter() - start < 2


def test_growing_steps_do_not_end_the_process(save_each):
    paths = save_each([bert_document(**changes) for changes in GROWING.values()])
    done = run_limited(ENCODE, *paths)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, (done.stderr, lines)
    refused = [line for line in lines if " more than " in line or "at most" in line]
    assert len(lines) == len(refused) == len(paths), lines


def test_steps_that_could_grow_but_do_not_are_applied(saved):
    path = saved(bert_document(normalizer=sequence("normalizers", *[DOUBLE] * 40)))
    assert [t.piece for t in find_tokenizer(path).encode("the!").tokens][1:-1] == ["the", "!"]


@pytest.mark.parametrize("text", ["a word " * 3, "ﷺ " * 2000, "Ünïcödé 中文 " * 2000])
def test_steps_of_real_tokenizers_are_not_refused(saved, text):
    """ALBERT's: its factors multiply to more than 1,000, its texts grow by less than 11."""
    steps = (
        {"type": "Replace", "pattern": {"String": "``"}, "content": '"'},
        {"type": "NFKD"},
        {"type": "StripAccents"},
        {"type": "Lowercase"},
        {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "},
        {"type": "Prepend", "prepend": "▁"},
        {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
    )
    path = saved(bert_document(normalizer=sequence("normalizers", *steps)))
    assert find_tokenizer(path).encode(text).ids


def test_growing_decoders_are_refused(saved):
    path = saved(bert_document(decoder=sequence("decoders", *[DOUBLE] * 40)))
    with pytest.raises(InvalidInputError, match=r"decoder could turn 3 bytes"):
        tokens_of_ids(load_tokenizer(Path(path)), [4])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"post_processor": template([TEXT_A, *[END] * 100_000])}, "single adds 100,000 tokens"),
        (
            {"post_processor": template([TEXT_A] * 9)},
            "single adds 0 tokens and repeats .* 9 times",
        ),
        (
            {"post_processor": template([TEXT_A, END], [2] * 9999, ["x"] * 9999)},
            r"post_processor\.single adds 9,999 tokens",
        ),
        (
            {"post_processor": sequence("processors", *[template([TEXT_A, TEXT_A])] * 30)},
            r"post_processor\.processors\[2\]\.single adds 0 tokens and repeats",
        ),
        (
            {"post_processor": template([TEXT_A, END], [2, 2], ["[SEP]"])},
            r"special_tokens\['\[SEP\]'\]: ids and tokens should be lists of the same length",
        ),
        ({"normalizer": nested("normalizers", 9, DOUBLE)}, "is nested more than 8 deep"),
        ({"normalizer": sequence("normalizers", *[DOUBLE] * 300)}, "has more than 256 steps"),
        ({"normalizer": {"type": "Reverse"}}, r"normalizer\.type = 'Reverse' is not supported"),
        ({"pre_tokenizer": [1]}, "pre_tokenizer should be an object"),
        ({"pre_tokenizer": split("a" * 10_001)}, "pattern is longer than 10,000 characters"),
        (
            {"normalizer": {"type": "Precompiled", "precompiled_charsmap": "?"}},
            "[Pp]recompiled",
        ),
        (
            {
                "normalizer": {**DOUBLE, "pattern": {"Regex": "(a+)+b"}},
                "added_tokens": [added("aaa")],
            },
            r"normalizer\.pattern may take exponential time",
        ),
        (
            {
                "normalizer": {**DOUBLE, "pattern": {"Regex": "a+b"}, "content": "b"},
                "added_tokens": [added("a" * 1001)],
            },
            "added_tokens has one of more than 1,000 characters",
        ),
    ],
    ids=range(13),
)
def test_a_setting_out_of_bounds_is_refused_with_its_key(saved, changes, message):
    assert_refused(saved(bert_document(**changes)), message)


def test_templates_of_usual_size_are_not_refused(saved):
    path = saved(bert_document(post_processor=template([END, TEXT_A, END, END])))
    assert len(find_tokenizer(path).encode(TEXT).ids) == 6


def test_a_template_of_more_pieces_than_ids_is_refused_after_it_ran(saved, monkeypatch):
    """Should an inspection miss it: numbers that differ are no crash."""
    monkeypatch.setattr(limited_tokenizer, "check_templates", list)
    path = saved(bert_document(post_processor=template([TEXT_A, END], [2, 2, 2], ["[SEP]"])))
    assert_refused(path, "its post-processor returns 6 ids, but 4 pieces and")


def test_a_token_of_a_text_that_does_not_exist_is_refused(saved):
    class Library:
        def encode(self, *texts):
            return self

        ids, tokens, offsets, special_tokens_mask = [3], ["the"], [(0, 3)], [0]
        sequence_ids, type_ids, word_ids = [None], [7], [0]

    tokenizer = find_tokenizer(saved(bert_document()))
    broken = type(tokenizer)("x", "", lambda texts: Library())
    with pytest.raises(InvalidInputError, match="puts the token 'the' into text 7"):
        broken.encode("the")


# --- Settings that make tokens random, or drop some -----------------------------------------


def test_dropout_is_switched_off_with_a_note(saved):
    path = saved(bpe_document(dropout=1.0))
    with pytest.warns(AttnvizWarning, match="has a BPE dropout, .* it is switched off") as notes:
        tokenizer = find_tokenizer(path)
    assert len(notes) == 1 and "\n" not in str(notes[0].message)
    assert {tokenizer.encode("abab").ids for _ in range(20)} == {(2, 2)}


@pytest.mark.parametrize("dropout", [None, 0.0])
def test_no_dropout_has_no_note(saved, dropout):
    assert find_tokenizer(saved(bpe_document(dropout=dropout))).encode("ab").ids == (2,)


def test_truncation_and_padding_are_not_obeyed(saved):
    truncation = {"max_length": 2, "strategy": "LongestFirst", "stride": 0, "direction": "Right"}
    padding = {
        "strategy": {"Fixed": 10**9},
        "direction": "Right",
        "pad_to_multiple_of": None,
        "pad_id": 0,
        "pad_type_id": 0,
        "pad_token": "[PAD]",
    }
    path = saved(bert_document(truncation=truncation, padding=padding))
    assert find_tokenizer(path).encode(TEXT).ids == (1, 3, 4, 8, 2)


# --- Time -----------------------------------------------------------------------------------

PLAIN_PATTERNS = [
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    r"(?i:'s|'t)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{M}]*[\p{Ll}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+| ?[\p{P}\p{S}]+[\r\n]*|\s+(?!\S)",
    r"(\[[^\]]+]|Br?|Cl?|N|O|\(|\)|\.|=|#|-|\+|\\\\|\/|:|~|@|\?|>|\*|\$|\%[0-9]{2}|[0-9])",
    r"\d{1,3}(?=(?:\d{3})*\b)",
    r"<0x[0-9A-F]{2}>",
    " {2,}",
]
COSTLY_PATTERNS = [
    r"(a+)+b",
    r"(?:a+)+$|((a*)*)*b",
    r".*.*.*=",
    r"(?:.?){20}=",
    r"(a|b+){2}",
    r"(a|a)*b",
    r"((?:a|aa))+b",
    r"(a)\1",
    r"(?x) # [ " + "\n(a+)+",
    r"(?# \) [ )(a+)+\b\B]",
    r"[[](a+)+]",
    r"a{1,100}b{,50}c{3,}",
]


def test_patterns_of_known_tokenizers_are_not_costly():
    assert [p for p in PLAIN_PATTERNS if is_costly(p)] == []


@pytest.mark.parametrize("pattern", COSTLY_PATTERNS)
def test_a_pattern_with_much_backtracking_is_costly(pattern):
    assert is_costly(pattern)


def test_a_text_that_takes_too_long_is_given_up(saved, monkeypatch):
    monkeypatch.setattr(child_process, "TIME_LIMIT", 0.2)
    path = saved(bert_document(pre_tokenizer=split(r".*.*.*\b\B"), normalizer=None))
    tokenizer = find_tokenizer(path)
    for _ in range(2):  # the second text starts another process
        with pytest.raises(InvalidInputError, match=r"takes more than 0\.2 s for this text"):
            tokenizer.encode("the quick brown fox jumps over the lazy dog and runs away " * 20)


def test_encoding_in_time_is_the_same_as_without_a_limit(saved, monkeypatch):
    path = saved(bert_document(pre_tokenizer=split(r"(?:\w+['’]?)+|\S")))
    long = "the cat sat! " * 100
    limited = [find_tokenizer(path).encode(*texts) for texts in ((long,), (TEXT, "cat !"))]
    library = load_tokenizer(Path(path)).library
    for encoding, texts in zip(limited, ((long,), (TEXT, "cat !")), strict=True):
        assert encoding.ids == tuple(library.encode(*texts).ids)


# --- Which part of the file is read ---------------------------------------------------------


def test_settings_are_read_up_to_the_model():
    document = bert_document()
    settings = read_before_model(json.dumps(document))
    assert {**settings, "model": document["model"]} == document


@pytest.mark.parametrize("key", ['"normalizer"', r'"norm\u0061lizer"', '"decoder" \n'])
def test_a_setting_after_the_model_is_read_too(key):
    text = json.dumps(bert_document())[:-1] + f", {key}: {{}}}}"
    assert read_before_model(text) is None


def test_a_growing_normalizer_after_the_model_is_refused(tmp_path, monkeypatch):
    """The library takes the last of two."""
    document = bert_document()
    del document["normalizer"]
    growing = json.dumps(sequence("normalizers", *[DOUBLE] * 40))
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(document)[:-1] + f', "norm\\u0061lizer": {growing}}}')
    monkeypatch.setattr(child_process, "TIME_LIMIT", 0.3)
    assert_refused(str(path), "takes more than 0.3 s for this text|needs more than 2 GB")


def test_a_vocabulary_may_contain_the_names_of_settings():
    vocab = {"normalizer": 0, "decoder": 1, '"normalizer": {': 2, "[UNK]": 3}
    text = json.dumps({"normalizer": None, "model": {"type": "WordLevel", "vocab": vocab}})
    assert read_before_model(text) == {"normalizer": None}
