"""Tokenizers by name, and labels of tokens."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from attnviz.core.tokens import Token, find_token
from attnviz.errors import InvalidInputError, MisuseError, UnknownNameError
from attnviz.sources.tokenizing.encode import TextTokenizer
from attnviz.sources.tokenizing.labels import Span, make_labels
from attnviz.sources.tokenizing.tokenizers import TOKENIZERS, find_tokenizer

ROOT = Path(__file__).parents[2]
every = pytest.mark.parametrize("row", TOKENIZERS, ids=lambda row: row.name)


def labels(name, text):
    return [token.label for token in find_tokenizer(name).encode(text).tokens]


@every
def test_offsets_cover_the_characters_of_the_label(row):
    text = "Don't  move:\tnaïve cafés, 中文 🐱!"
    for token in row.encode(text).tokens:
        covered = text[token.start : token.end]
        assert token.label.split("⟨")[0] in (covered.strip(), "␣" * len(covered))
        assert not token.special and token.segment == 0


@every
def test_no_character_is_lost(row):
    text = "It's 3 o'clock — café, 中文 and 👩‍👩‍👧!"
    seen = {i for token in row.encode(text).tokens for i in range(token.start, token.end)}
    assert {i for i, c in enumerate(text) if not c.isspace()} <= seen


@every
def test_offsets_of_the_second_sentence_start_at_zero(row):
    alone, both = row.encode("a cat"), row.encode("The cat", "a cat")
    second = [token for token in both.tokens if token.segment == 1]
    assert [(t.piece, t.start, t.end, t.word) for t in second] == [
        (t.piece, t.start, t.end, t.word) for t in alone.tokens
    ]
    assert [t.segment for t in both.tokens] == sorted(t.segment for t in both.tokens)


@every
def test_equal_pieces_have_equal_ids(row):
    made = row.encode("to be or not to be", "to be")
    numbers = dict(zip((t.piece for t in made.tokens), made.ids, strict=True))
    assert len(set(numbers.values())) == len(numbers)
    assert [numbers[t.piece] for t in made.tokens] == list(made.ids)


@every
@given(text=st.text(min_size=1, max_size=30))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_text_is_read_or_refused(row, text):
    try:
        made = row.encode(text)
    except (MisuseError, InvalidInputError):
        assert not text.strip() or any("\ud800" <= c <= "\udfff" for c in text)
    else:
        assert len(made.tokens) == len(made.ids) > 0
        assert all(0 <= t.start < t.end <= len(text) and t.label for t in made.tokens)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("words", "Don't stop!? l’été", ["Don't", "stop", "!", "?", "l’été"]),
        ("words", "cafe\u0301 AI模型 สวัส", ["cafe\u0301", "AI", "模", "型", "ส", "วั", "ส"]),
        ("words", "👩‍👩‍👧‍👦🇫🇷", ["👩‍👩‍👧‍👦", "🇫🇷"]),
        ("whitespace", "Don't stop!? \u3000 l’été", ["Don't", "stop!?", "l’été"]),
        ("characters", "e\u0301 \n👩‍👩‍👧", ["e\u0301", "␣", "⏎", "👩‍👩‍👧"]),
        ("bytes", "aé", ["a", "é⟨1/2⟩", "é⟨2/2⟩"]),
        ("bytes", "🐱", [f"🐱⟨{i}/4⟩" for i in (1, 2, 3, 4)]),
        ("bytes", "a \t\n", ["a", "␣", "␣", "⏎"]),
        ("bpe", "The cat", ["The", "cat"]),
    ],
)
def test_labels(name, text, expected):
    assert labels(name, text) == expected


def test_a_byte_is_a_token():
    text = "é🐱中"
    assert len(find_tokenizer("bytes").encode(text).tokens) == len(text.encode())


def test_pieces_are_not_decoded():
    assert [t.piece for t in find_tokenizer("bpe").encode("The cat").tokens] == ["The", "Ġcat"]


def test_a_lone_space_mark_is_a_space_and_a_typed_one_is_itself(saved):
    unigram = Tokenizer(models.Unigram([("<u>", 0.0), ("▁", -1.0), ("a", -1.0)], 0))
    unigram.pre_tokenizer = pre_tokenizers.Metaspace()
    path = saved(unigram.to_str())
    assert labels(path, "a a") == ["␣", "a", "␣", "a"]
    assert labels("words", "a ▁") == ["a", "▁"]


def test_trimmed_white_space_is_shown_as_marks(saved):
    pieces = ["Ġ", "Ċ", "a", "Ġa", "č", "[S]"]
    bpe = Tokenizer(models.BPE({p: i for i, p in enumerate(pieces)}, [("Ġ", "a")]))
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.post_processor = processors.ByteLevel(trim_offsets=True)
    assert labels(saved(bpe.to_str()), "a  a\n\r a") == ["a", "␣", "a", "⏎", "␣", "a"]


def test_pieces_across_characters_are_numbered_in_one_group(saved):
    """日本 cut as [first bytes of 日][its last byte and the first of 本][the rest of 本]."""
    letters = [t.piece for t in find_tokenizer("bytes").encode("日本").tokens]
    joined = letters[2] + letters[3]
    vocabulary = {p: i for i, p in enumerate(dict.fromkeys([*letters, joined]))}
    bpe = Tokenizer(models.BPE(vocabulary, [(letters[2], letters[3])]))
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    shown = ["日⟨1/5⟩", "日⟨2/5⟩", "日本⟨3/5⟩", "本⟨4/5⟩", "本⟨5/5⟩"]
    assert labels(saved(bpe.to_str()), "日本") == shown


@pytest.mark.parametrize("name", ["wrods", "", "x" * 5000, "\x1b[31m", "a\x00"])
def test_the_message_about_an_unknown_name_mentions_paths(name):
    with pytest.raises(UnknownNameError, match="path to a tokenizer") as caught:
        find_tokenizer(name)
    assert "words" in str(caught.value) and "\x1b" not in str(caught.value)


@every
@pytest.mark.parametrize("text", ["", " ", "\n\t \u3000"])
def test_an_empty_sentence_is_misuse(row, text):
    with pytest.raises(MisuseError, match="the sentence is empty"):
        row.encode(text)
    with pytest.raises(MisuseError, match="the second sentence is empty"):
        row.encode("a", text)


def test_a_lone_surrogate_is_refused_with_its_position():
    with pytest.raises(InvalidInputError, match=r"character 4 of the sentence is '\\ud800'"):
        find_tokenizer("words").encode("caf \ud800")


def test_the_shipped_bpe_is_up_to_date():
    where = ROOT / "tests" / "training" / "train_bpe.py"
    spec = importlib.util.spec_from_file_location("train_bpe", where)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    text = script.TEXT.read_text(encoding="utf-8")
    shipped = script.SHIPPED.read_text(encoding="utf-8")
    assert script.build(text) == shipped
    assert script.build(text.replace("cat", "cow")) != shipped


def python(code: str) -> str:
    """What a new interpreter prints."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_a_closed_standard_error_is_no_problem():
    made = (
        "from attnviz.sources.tokenizing.tokenizers import find_tokenizer; "
        "print(find_tokenizer('words').encode('a b').ids)"
    )
    assert python(f"import os; os.close(2); {made}") == "(0, 1)\n"


def test_the_library_is_not_loaded_before_it_is_needed():
    look = "import sys, attnviz.sources.tokenizing.tokenizers; print('tokenizers' in sys.modules)"
    assert python(look) == "False\n"
    assert python(f"import tokenizers; {look}") == "True\n"


def test_flags_are_split_as_grapheme_clusters_and_in_linear_time():
    """\\X alone reads back to the first of a row of flags, for each of them."""
    import random
    import time

    from tokenizers import Regex, pre_tokenizers

    from attnviz.sources.tokenizing.tokenizers import GRAPHEME

    plain, ours = (
        pre_tokenizers.Split(Regex(pattern), "removed", invert=True)
        for pattern in (r"\X", GRAPHEME)
    )
    rng = random.Random(0)
    letters = (
        "🇦🇿🇩ae\u0301\u200d\u200c\ufe0f👩🏽 \n\u0600\u0903\u093e가\u1161\U000e0061#\u20e3\u200b"
    )
    for _ in range(3000):
        text = "".join(rng.choice(letters) for _ in range(rng.randrange(1, 9)))
        assert ours.pre_tokenize_str(text) == plain.pre_tokenize_str(text), ascii(text)
    start = time.process_time()
    assert len(ours.pre_tokenize_str("🇩🇪" * 20_000)) == 20_000  # \X takes 15 seconds
    assert time.process_time() - start < 3


def test_an_unknown_token_is_shown_with_the_word_that_it_replaces():
    labels = make_labels(
        [
            Span("[UNK]", 0, 2, False, 0, 0),
            Span("[UNK]", 3, 8, False, 0, 1),  # the text itself
            Span("cat", 9, 12, False, 0, 2),
        ],
        ["🐱字 [UNK] Cat"],
    )
    assert labels == ["[UNK]⟨🐱字⟩", "[UNK]", "Cat"]


def test_an_unknown_token_is_found_by_the_word_that_it_replaces():
    tokens = (Token("[UNK]", "[UNK]⟨字⟩"), Token("a", "a"))
    assert find_token("字", tokens, "query") == find_token("[UNK]", tokens, "query") == 0
    with pytest.raises(MisuseError, match="there is no query '漢'"):
        find_token("漢", tokens, "query")


def test_a_unigram_model_has_the_unknown_token_as_the_piece_of_an_unknown_word():
    library = Tokenizer(models.Unigram([("<unk>", 0.0), ("a", -1.0), ("▁", -2.0)], unk_id=0))
    tokenizer = TextTokenizer("own", "", lambda texts: library)
    assert [(t.piece, t.label) for t in tokenizer.encode("a字").tokens] == [
        ("a", "a"),
        ("<unk>", "<unk>⟨字⟩"),
    ]


def test_equal_offsets_in_two_sentences_are_no_shared_character():
    spans = [Span("a", 0, 1, False, segment, 0) for segment in (0, 1)]
    assert make_labels(spans, ["a", "a"]) == ["a", "a"]
    assert make_labels([spans[0], spans[0]], ["é"]) == ["é⟨1/2⟩", "é⟨2/2⟩"]
