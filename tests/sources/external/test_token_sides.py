"""Tokens of one side, of both, and of each sequence of a batch, beside foreign arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from attnviz.core.tokens import Token
from attnviz.errors import GuessWarning, InvalidInputError, MisuseError
from attnviz.sources.external import read
from attnviz.sources.external.named_tokens import BOTH, KEYS, QUERIES
from tests.sources.external.ramp import ramp

CROSS = ramp(1, 2, 2, 4)  # 2 queries, 4 keys
SOURCE, TARGET = list("abcd"), list("xy")


def labels(tokens):
    return "".join(token.label for token in tokens)


def sides(amap):
    return labels(amap.queries), labels(amap.keys)


def guesses(amap):
    return "; ".join(amap.meta.get("guessed", ()))


@pytest.mark.parametrize("name", QUERIES)
def test_tokens_of_queries_label_queries_only(name):
    made = read({"attention": np.eye(3), name: list("abc")})
    assert sides(made) == ("abc", "012")
    assert "no key tokens given; showing positions" in guesses(made)


@pytest.mark.parametrize("name", KEYS)
def test_tokens_of_keys_label_keys_only(name):
    for source in ({"cross_attentions": CROSS}, {"attention": CROSS}):
        made = read(source | {name: SOURCE})
        assert sides(made) == ("01", "abcd")
        assert "no query tokens given; showing positions" in guesses(made)


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("values", [list("abc"), np.array(list("abc"))], ids=["list", "array"])
def test_tokens_of_both_sides_have_several_names(name, values):
    assert sides(read({"attention": np.eye(3), name: values})) == ("abc", "abc")


def test_a_text_is_split_where_its_words_fit():
    assert sides(read({"attention": np.eye(2), "text": "the cat"})) == ("thecat", "thecat")
    assert sides(read({"attention": np.eye(2), "text": "the cat sat"})) == ("01", "01")


@pytest.mark.parametrize("kind", ["cross", "encoder", "decoder"])
def test_tokens_of_the_source_and_target_fit_their_attention(kind):
    sizes = {"cross": (2, 4), "encoder": (4, 4), "decoder": (2, 2)}
    source = {f"{name}_attentions": ramp(1, 1, 2, *size) for name, size in sizes.items()}
    words = {"source_tokens": SOURCE, "target_tokens": TARGET}
    expected = {"cross": ("xy", "abcd"), "encoder": ("abcd",) * 2, "decoder": ("xy",) * 2}
    assert sides(read(source | words, which=kind)) == expected[kind]


def test_one_list_labels_the_side_of_cross_attention_that_it_fits():
    source = {"cross_attentions": CROSS}
    assert sides(read(source, SOURCE)) == ("01", "abcd")
    assert sides(read(source, TARGET)) == ("xy", "0123")
    assert sides(read(source | {"tokens": SOURCE})) == ("01", "abcd")
    square = {"cross_attentions": ramp(1, 1, 4, 4)}
    with pytest.raises(InvalidInputError, match=r"cross attention .* has two token lists"):
        read(square, SOURCE)
    made = read(square | {"tokens": SOURCE})
    assert sides(made) == ("0123", "0123")
    assert "tokens are not shown" in guesses(made)


@pytest.mark.parametrize("own", [{}, {"tokens": list("abc")}])
def test_a_side_that_is_not_given_keeps_its_own_tokens(own):
    source = {"attention": np.eye(3), **own}
    rest = "abc" if own else "012"
    assert sides(read(source, (list("xyz"), None))) == ("xyz", rest)
    assert sides(read(source, (None, list("xyz")))) == (rest, "xyz")


def test_last_queries_are_a_warning():
    with pytest.warns(GuessWarning, match="assuming that the 2 queries are the last of 5 tokens"):
        read(ramp(2, 5), list("abcde"))


LISTS = {"lists": [list("abc"), list("xyz")], "array": np.array([list("abc"), list("xyz")])}


@pytest.mark.parametrize("form", LISTS)
def test_a_list_per_sequence_labels_the_selected_sequence(form):
    source = {"attention": ramp(2, 1, 3, 3), "tokens": LISTS[form]}
    assert sides(read(source, which=0)) == ("abc", "abc")
    assert sides(read(source, which=1)) == ("xyz", "xyz")
    other = read({"attention": ramp(1, 3, 3), "tokens": LISTS[form]})
    assert sides(other) == ("012", "012")
    assert "2 lists of tokens for 1 batch items are not shown" in guesses(other)


BYTE_LEVEL = {
    "æĪĳ åĸľæ¬¢ Ċ ĠðŁĲ±": "我 喜欢 ⏎ 🐱",
    "Ġ ĠĠ ĠðŁ Ĳ ±": "␣ ␣␣ 🐱⟨1/3⟩ 🐱⟨2/3⟩ 🐱⟨3/3⟩",
    "<s> Ġna Ã¯ve </s>": "<s> na ïve </s>",
    "The Ġcat": "The cat",
    "æĪĳ ðŁ": "我 ðŁ",  # the last character is cut off
    "été la": "été la",
    "Ġorġ sab": "orġ sab",  # Maltese words: only the mark of a word is taken off
    "ĉu vi": "ĉu vi",
    "▁sat mat</w> ##ing": "sat mat ##ing",
}


@pytest.mark.parametrize("pieces", BYTE_LEVEL)
def test_byte_level_pieces_are_decoded_where_all_are(pieces):
    words = pieces.split()
    made = read(np.eye(len(words)), words)
    assert [token.label for token in made.keys] == BYTE_LEVEL[pieces].split()
    assert [token.piece for token in made.keys] == words


SPECIAL = "[CLS] [SEP] [PAD] <s> </s> <pad> <cls> <eos> <|endoftext|> <|im_start|> <start_of_turn>"


@pytest.mark.parametrize("piece", SPECIAL.split())
def test_special_tokens_are_recognized_by_spelling(piece):
    assert read(np.eye(2), [piece, "cat"]).keys[0].special


@pytest.mark.parametrize("piece", ["[MASK]", "<unk>", "[UNK]", "<extra_id_0>", "cat", "[1]", "<|"])
def test_tokens_that_stand_for_text_are_not_special(piece):
    assert not read(np.eye(2), [piece, "cat"]).keys[0].special


@pytest.mark.parametrize("name", ["token_type_ids", "segment_ids"])
def test_token_types_are_segments(name):
    source = {"attentions": ramp(3, 2, 1, 4, 4), name: [[0, 0, 1, 1], [0, 1, 1, 1]]}
    made = read(source, [Token.of(c) for c in "abcd"], which=1)
    assert [token.segment for token in made.keys] == [0, 1, 1, 1]
    assert [token.segment for token in made.queries] == [0, 1, 1, 1]
    assert read({"attention": np.eye(2), name: [0, 1]}).keys[1].segment == 1
    with pytest.raises(InvalidInputError, match=f"{name} of shape .* should be integers"):
        read({"attention": np.eye(2), name: [0, 0.5]})


def test_texts_that_end_with_a_token_are_segments():
    tokens = ["a", "</s>", "b", "c", "</s>", "d"]
    made = read(np.eye(6), tokens, document_end="</s>")
    assert [token.segment for token in made.keys] == [0, 0, 1, 1, 1, 2]
    last = read(ramp(2, 6), tokens, document_end="</s>")
    assert [token.segment for token in last.queries] == [1, 2]
    with pytest.raises(MisuseError, match="no such token"):
        read(np.eye(6), tokens, document_end="<s>")


def test_token_types_of_another_batch_are_a_note():
    source = {"attentions": ramp(3, 3, 1, 4, 4), "token_type_ids": [[0, 0, 1, 1]] * 2}
    assert "token_type_ids has 2 sequences, the attention 3" in guesses(read(source))


LONG = "layer,head,query,key,query_token,key_token,weight\n" + "".join(
    f"0,0,{q},{k},{'[CLS]' if q == 0 else 'cat'},{'[CLS]' if k == 0 else 'cat'},0.5\n"
    for q in range(2)
    for k in range(2)
)
FIXTURES = Path(__file__).parent / "fixtures"
FOREIGN = {
    "npz": lambda: {"attention": np.eye(2), "tokens": ["[CLS]", "cat"]},
    "csv": LONG.encode,
    "tsv": lambda: LONG.replace(",", "\t").encode(),
    "matrix": lambda: b",[CLS],cat\n[CLS],1,0\ncat,0.5,0.5\n",
    "marian": lambda: b"<s> cat ||| 0-0 1-1\n",
    "bertviz": (FIXTURES / "bertviz_head.html").read_bytes,
    "circuitsvis": (FIXTURES / "circuitsvis_heads.html").read_bytes,
}


@pytest.mark.parametrize("name", FOREIGN)
def test_the_start_token_is_special_in_every_format(name):
    made = read(FOREIGN[name]())
    assert made.queries[0].special
    assert not made.queries[1].special
