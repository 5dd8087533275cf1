"""Tokenizers of GGUF files: ids are those of the tokenizer that the file was made from."""

import json
from collections.abc import Mapping

import numpy as np
import pytest

from attnviz.errors import AttnvizWarning, CouldNotError, InvalidInputError
from attnviz.sources.tokenizing.encode import TextTokenizer
from attnviz.sources.tokenizing.gguf_models import restore_sentinels
from attnviz.sources.tokenizing.gguf_pre_tokenizers import PRE_TOKENIZERS, find_pre_tokenizer
from attnviz.sources.tokenizing.gguf_tokenizer import KINDS, build_tokenizer, describe_tokenizer
from attnviz.sources.tokenizing.gguf_vocabulary import Vocabulary
from attnviz.sources.tokenizing.regex_cost import is_costly
from attnviz.sources.tokenizing.sentencepiece_model import (
    CONTROL,
    USER_DEFINED,
    read_sentencepiece,
)
from tests.sources.test_tokenizer_files import reference_ids
from tests.tokenizers.folders import HERE
from tests.tokenizers.texts import PAIR, TEXTS


def stated(**values) -> Mapping:
    """Metadata of a tokenizer, as they are read from a file."""
    lists = {"token_type": np.int32, "scores": np.float32, "precompiled_charsmap": np.int8}
    return {
        f"tokenizer.ggml.{key}": np.array(value).astype(lists[key]) if key in lists else value
        for key, value in values.items()
        if value is not None
    }


def from_sentencepiece(name, kind, **values):
    """The metadata of a SentencePiece model, as llama.cpp's converter writes them."""
    model = read_sentencepiece(HERE / f"{name}.model")
    charsmap = np.frombuffer(model.charsmap, dtype=np.uint8) if model.charsmap else None
    spaced = [p.text.replace("▁", " ") if p.kind == USER_DEFINED else p.text for p in model.pieces]
    return stated(
        model=kind,
        tokens=spaced,
        scores=[p.score for p in model.pieces],
        token_type=[p.kind for p in model.pieces],
        add_space_prefix=model.add_dummy_prefix,
        remove_extra_whitespaces=model.remove_extra_spaces,
        precompiled_charsmap=charsmap,
        unknown_token_id=model.unk_id,
        **values,
    )


def t5():
    """T5, with its 100 sentinels as fillers."""
    values = dict(from_sentencepiece("t5", "t5", eos_token_id=1, add_bos_token=False))
    n = len(values["tokenizer.ggml.tokens"])
    values["tokenizer.ggml.tokens"] += [f"[PAD{n + i}]" for i in range(100)]
    for key, filler in (("token_type", 5), ("scores", -1000.0)):
        array = values[f"tokenizer.ggml.{key}"]
        values[f"tokenizer.ggml.{key}"] = np.append(array, np.full(100, filler, array.dtype))
    return values


def xlm_roberta():
    """XLM-RoBERTa: <s>, <pad>, </s> and <unk> stand before the pieces, <mask> after them."""
    model = read_sentencepiece(HERE / "fairseq.model")
    pieces = model.pieces[3:]
    tokens = ["<s>", "<pad>", "</s>", "<unk>", *(p.text for p in pieces), "<mask>"]
    return stated(
        model="t5",
        tokens=tokens,
        scores=[0.0] * 4 + [p.score for p in pieces] + [0.0],
        token_type=[3, 3, 3, 2, *(p.kind for p in pieces), 3],
        precompiled_charsmap=np.frombuffer(model.charsmap, dtype=np.uint8),
        add_space_prefix=True,
        remove_extra_whitespaces=True,
        bos_token_id=0,
        eos_token_id=2,
        unknown_token_id=3,
        add_bos_token=True,
        add_eos_token=True,
    )


def byte_bpe(name, special, pre, **values):
    """GPT-2's kind, of a vocab.json and a merges.txt."""
    ids = json.loads((HERE / f"{name}.json").read_text())
    lines = (HERE / f"{name}.txt").read_text().splitlines()
    tokens = [*ids, *(token for token in special if token not in ids)]
    return stated(
        model="gpt2",
        pre=pre,
        tokens=tokens,
        token_type=[CONTROL if token in special else 1 for token in tokens],
        merges=[line for line in lines if line and not line.startswith("#version")],
        **values,
    )


def word_pieces(name):
    """BERT's kind, of a vocab.txt."""
    lines = (HERE / f"{name}.txt").read_text().split("\n")
    pieces = lines[:-1] if not lines[-1] else lines
    special = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    tokens = [
        p if p in special else p.removeprefix("##") if p.startswith("##") else f"▁{p}"
        for p in pieces
    ]
    return stated(
        model="bert",
        tokens=tokens,
        token_type=[CONTROL if p in special else 1 for p in pieces],
        bos_token_id=tokens.index("[CLS]"),
        eos_token_id=tokens.index("[SEP]"),
        unknown_token_id=tokens.index("[UNK]"),
    )


END = ("<|endoftext|>",)
ROBERTA = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
# Folder of tests/tokenizers with the reference -> architecture and metadata.
FILES = {
    "llama": ("llama", lambda: from_sentencepiece("llama", "llama", bos_token_id=1)),
    "gemma": ("gemma", lambda: from_sentencepiece("gemma", "llama", bos_token_id=2)),
    "t5": ("t5", t5),
    "xlm-r": ("bert", xlm_roberta),
    "gpt2": ("gpt2", lambda: byte_bpe("gpt2", END, "gpt-2")),
    "qwen2": ("qwen2", lambda: byte_bpe("gpt2", END, "qwen2")),
    "roberta": (
        "bert",
        lambda: byte_bpe("roberta", ROBERTA, "roberta-bpe", bos_token_id=0, eos_token_id=2),
    ),
    "bert": ("bert", lambda: word_pieces("wordpiece")),
    "bert-cased": ("bert", lambda: word_pieces("cased")),
}


def tokenizer_of(name):
    architecture, make = FILES[name]
    library = build_tokenizer(make(), architecture, "x.gguf")
    return TextTokenizer("x.gguf", "a file", lambda texts: library)


@pytest.mark.parametrize("name", FILES)
def test_ids_are_those_of_the_original(name):
    tokenizer = tokenizer_of(name)
    slow, fast = reference_ids(name, "slow"), reference_ids(name, "fast")
    other = [
        text
        for text, *both in zip(TEXTS, slow, fast, strict=False)
        if list(tokenizer.encode(text).ids) not in both
    ]
    assert other == []
    if name not in ("gpt2", "qwen2"):
        assert list(tokenizer.encode(*PAIR).ids) in (slow[-1], fast[-1])


def test_each_kind_has_a_reference():
    kinds = {make()["tokenizer.ggml.model"] for _, make in FILES.values()}
    assert kinds == {kind.name for kind in KINDS}


@pytest.mark.parametrize("row", PRE_TOKENIZERS, ids=lambda row: row.names[0])
def test_pre_tokenizers_keep_every_character(row):
    values = byte_bpe("gpt2", END, row.names[0])
    tokenizer = build_tokenizer(values, "llama", "x.gguf")
    text = "It's 2024: don't  stop — naïve 日本語!\n\n  x"
    encoding = tokenizer.encode(text)
    assert tokenizer.decode(list(encoding.ids)) == text
    assert not any(map(is_costly, row.patterns))


# As in llama.cpp's source: those that normalize, and those whose whole words need no merge.
NORMALIZED = {"olmo", "modern-bert", "qwen2", "deepseek-r1-qwen", "stablelm2", "megrez"}
WHOLE_WORDS = {"llama-bpe", "llama3", "llama-v3", "falcon3", "smaug-bpe", "tekken"}


@pytest.mark.parametrize("name", [name for row in PRE_TOKENIZERS for name in row.names])
def test_some_pre_tokenizers_normalize_and_take_whole_words(name):
    values = dict(byte_bpe("gpt2", END, name))
    values["tokenizer.ggml.tokens"] = [*values["tokenizer.ggml.tokens"], "zqzq"]
    kinds = values["tokenizer.ggml.token_type"]
    values["tokenizer.ggml.token_type"] = np.append(kinds, kinds[-1:] * 0 + 1)
    tokenizer = build_tokenizer(values, "llama", "x.gguf")
    is_normalized = tokenizer.encode("e\u0301").ids == tokenizer.encode("é").ids
    assert is_normalized == (name in NORMALIZED)
    assert (tokenizer.encode("zqzq").tokens == ["zqzq"]) == (name in WHOLE_WORDS)


@pytest.mark.parametrize("n", [0, 1, 2, 100, 101])
def test_fillers_of_t5_are_its_sentinels_from_the_last_on(n):
    tokens = ["a", *(f"[PAD{32000 + i}]" for i in range(n))]
    vocabulary = Vocabulary(
        {"tokenizer.ggml.tokens": tokens, "tokenizer.ggml.token_type": np.ones(n + 1, np.int32)},
        "t5",
    )
    restore_sentinels(vocabulary)
    n_named = min(n, 100)
    named = [f"<extra_id_{99 - i}>" for i in range(n_named)]
    assert vocabulary.tokens == ["a", *named, *tokens[1 + n_named :]]
    assert list(vocabulary.types) == [1, *[CONTROL] * n_named, *[1] * (n - n_named)]


def test_pre_tokenizers_have_one_row_each():
    names = [name for row in PRE_TOKENIZERS for name in row.names]
    assert len(names) == len(set(names))


def splits(name, text):
    """The words that a pre-tokenizer makes of a text."""
    from tokenizers import Regex, pre_tokenizers

    parts = [text]
    for pattern in find_pre_tokenizer(name, "llama").patterns:
        splitter = pre_tokenizers.Split(Regex(pattern), "isolated")
        parts = [piece for part in parts for piece, _ in splitter.pre_tokenize_str(part)]
    return parts


def test_words_of_pre_tokenizers():
    text = "It's 12345 dogs.\n\nX"
    assert splits("gpt-2", text) == ["It", "'s", " 12345", " dogs", ".", "\n", "\n", "X"]
    digits = ["It", "'s", " ", "1", "2", "3", "4", "5", " dogs", ".", "\n", "\n", "X"]
    assert splits("smollm", text) == digits
    assert splits("qwen2", text) == digits[:2] + digits[2:9] + [".\n\n", "X"]
    threes = ["It", "'s", " ", "123", "45", " dogs", ".\n\n", "X"]
    assert splits("llama-bpe", text) == splits("gpt-4o", text)[:0] + threes
    assert splits("tekken", "HelloWorld IT's 12") == ["Hello", "World", " IT", "'s", " ", "1", "2"]
    assert splits("gpt-4o", "HelloWorld IT's 12") == ["Hello", "World", " IT's", " ", "12"]


def test_a_file_without_a_pre_tokenizer_has_that_of_its_architecture():
    with pytest.warns(AttnvizWarning, match="names no pre-tokenizer .* that of qwen2 is used"):
        assert "qwen2" in find_pre_tokenizer(None, "qwen2").names
    assert "gpt-2" in find_pre_tokenizer("default", "gpt2").names


def test_llama_3_begins_with_its_start_token():
    values = {"tokenizer.ggml.bos_token_id": 0, **byte_bpe("gpt2", END, "llama-bpe")}
    assert build_tokenizer(values, "llama", "x").encode("a b").ids[0] == 0
    values = {**values, "tokenizer.ggml.add_bos_token": False}
    assert build_tokenizer(values, "llama", "x").encode("a b").ids[0] != 0


def test_user_defined_tokens_are_matched_and_not_special():
    values = dict(byte_bpe("gpt2", END, "gpt-2"))
    values["tokenizer.ggml.tokens"] = [*values["tokenizer.ggml.tokens"], "<think>"]
    types = values["tokenizer.ggml.token_type"]
    values["tokenizer.ggml.token_type"] = np.append(types, np.int32(USER_DEFINED))
    encoding = build_tokenizer(values, "llama", "x").encode("a<think>b")
    assert encoding.tokens == ["a", "<think>", "b"]
    assert encoding.special_tokens_mask == [0, 0, 0]


BPE = byte_bpe("gpt2", END, "gpt-2")
REFUSED = {
    "no vocabulary": ({"tokens": None}, CouldNotError, "has no vocabulary"),
    "an unknown kind": (
        {"model": "rwkv"},
        InvalidInputError,
        r"tokenizer\.ggml\.model = 'rwkv' is not supported; supported: gpt2, llama",
    ),
    "an unknown pre-tokenizer": (
        {"pre": "new"},
        InvalidInputError,
        r"tokenizer\.ggml\.pre = 'new' is not supported; supported: gpt-2",
    ),
    "no merges": (
        {"merges": None},
        InvalidInputError,
        r"tokenizer\.ggml\.merges should be a list of strings",
    ),
    "a merge that makes no piece": ({"merges": ["Z Z"]}, InvalidInputError, "out of vocabulary"),
    "a merge of other pieces": (
        {"merges": ["a \N{EURO SIGN}"]},
        InvalidInputError,
        "out of vocabulary",
    ),
    "too few types": (
        {"token_type": np.ones(3, np.int32)},
        InvalidInputError,
        r"tokenizer\.ggml\.token_type should be a list of .* numbers",
    ),
    "an unknown type": (
        {"token_type": np.full(len(BPE["tokenizer.ggml.tokens"]), 9)},
        InvalidInputError,
        r"tokenizer\.ggml\.token_type should be from 1 to 6",
    ),
    "scores that are not finite": (
        {"scores": np.full(len(BPE["tokenizer.ggml.tokens"]), np.nan)},
        InvalidInputError,
        r"tokenizer\.ggml\.scores has a number that is not finite",
    ),
    "a flag that is a number": (
        {"add_bos_token": 1},
        InvalidInputError,
        r"tokenizer\.ggml\.add_bos_token should be true or false",
    ),
    "an end token beyond the vocabulary": (
        {"eos_token_id": 1 << 31, "add_eos_token": True},
        InvalidInputError,
        r"tokenizer\.ggml\.eos_token_id = 2147483648 is not below the",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_metadata_that_do_not_fit_are_refused(what):
    changes, error, message = REFUSED[what]
    values = {**BPE, **{f"tokenizer.ggml.{key}": value for key, value in changes.items()}}
    values = {key: value for key, value in values.items() if value is not None}
    with pytest.raises(error, match=message) as caught:
        build_tokenizer(values, "gpt2", "x.gguf")
    assert "\n" not in str(caught.value) and "x.gguf" in str(caught.value)


def test_a_sentencepiece_vocabulary_has_an_unknown_token():
    values = dict(from_sentencepiece("llama", "llama"))
    values["tokenizer.ggml.token_type"] = np.ones_like(values["tokenizer.ggml.token_type"])
    assert build_tokenizer(values, "llama", "x.gguf").encode("cat").ids
    del values["tokenizer.ggml.unknown_token_id"]
    with pytest.raises(InvalidInputError, match="it has no unknown token"):
        build_tokenizer(dict(values), "llama", "x.gguf")


def test_the_tokenizer_of_a_file_is_built_once():
    values = dict(byte_bpe("gpt2", END, "gpt-2"))
    tokenizer = build_tokenizer(values, "gpt2", "x.gguf")
    assert build_tokenizer(values, "gpt2", "x.gguf") is tokenizer
    assert build_tokenizer(dict(values), "gpt2", "x.gguf") is not tokenizer


def test_kinds_are_described():
    assert describe_tokenizer(BPE, "x") == "byte-level BPE (gpt-2), from the metadata"
    values = from_sentencepiece("llama", "llama")
    assert describe_tokenizer(values, "x") == "BPE of SentencePiece, from the metadata"
