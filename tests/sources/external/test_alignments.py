"""Word alignments, as the programs that print them write them."""

from __future__ import annotations

import numpy as np
import pytest

from attnviz.errors import InvalidInputError
from attnviz.sources.external import read
from attnviz.sources.external.alignment_words import TokenLines
from attnviz.sources.external.readers import find_reader

FAIRSEQ = """\
2024-01-01 | INFO | fairseq_cli.generate
S-1\tla casa
H-1\t-0.25\tthe house
D-1\t-0.25\tthe house
A-1\t0.75,0.125,0.125 0.25,0.5,0.25 0,0,1
S-0\tun perro @@ito
T-0\ta puppy
H-0\t-0.5\ta puppy
P-0\t-0.1 -0.2 -0.3
A-0\t0-0 1-1 2-1
"""
OLD = "S-1\tRome\nH-1\t-1.6\tRom\nA-1\t0 0\n"
OLD_ALONE = "A-1\t0 1 1 2\n"
MARIAN = """\
das Haus ||| 0-0 1-1 2-2
ein Hund ||| 0.75,0.25 0.5,0.5 0,1
"""
SCORES = "das Haus ||| 0-0 1-1 2-2 ||| WordScores= -0.1 -0.2 -0.05\n"
NBEST = "0 ||| Haus ||| 0-0 1-1 ||| F0= -0.35 ||| -0.116\n"
NBEST_SOFT = "0 ||| Haus ||| 0.75,0.25 0,1 ||| WordScores= -1 -2 ||| F0= -0.35 ||| -0.116\n"
MOSES = "0 ||| das Haus ||| F0= -0.3 LM0= -2 -1 ||| -0.3 ||| 0-0 1-1\n"
DIGITS = "5 ||| 0-0 ||| WordScores= -0.1\n"
NEMATUS = """\
0 ||| das Haus ||| -0.41 ||| the house ||| 3 3
0.8 0.1 0.1
0.1 0.8 0.1
0.0 0.2 0.8

1 ||| ja ||| -0.5 ||| oh yes ||| 3 ||| 2
0.5 0.5 0.0
0.0 0.0 1.0
"""
BY_SOURCE = "0 ||| ja ||| -1 ||| oh yes ||| 3 2\n0.5 0.0\n0.5 0.0\n0.0 1.0\n"
PHARAOH = "0-0 1-2 2-1\n0-0 1p1\n"
HALF = [[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0, 0.2, 0.8]]


def labels(tokens):
    return [token.label for token in tokens]


@pytest.mark.parametrize(
    ("text", "which", "queries", "keys", "weights"),
    [
        (FAIRSEQ, None, "a puppy", "un perro @@ito", [[1, 0, 0], [0, 1, 1]]),
        (
            *(FAIRSEQ, "1", "the house </s>", "la casa </s>"),
            [[0.75, 0.125, 0.125], [0.25, 0.5, 0.25], [0, 0, 1]],
        ),
        (OLD, None, "Rom </s>", "Rome", [[1], [1]]),
        (OLD.replace("0 0", "0 1"), None, "Rom </s>", "Rome </s>", np.eye(2)),
        (OLD_ALONE, None, "0 1 2 3", "0 1 2", np.eye(3)[[0, 1, 1, 2]]),
        (MARIAN, 0, "das Haus </s>", "0 1 2", np.eye(3)),
        (MARIAN, 1, "ein Hund </s>", "0 1", [[0.75, 0.25], [0.5, 0.5], [0, 1]]),
        (SCORES, None, "das Haus </s>", "0 1 2", np.eye(3)),
        (NBEST, None, "Haus </s>", "0 1", np.eye(2)),
        (NBEST_SOFT, None, "Haus </s>", "0 1", [[0.75, 0.25], [0, 1]]),
        (MOSES, None, "das Haus", "0 1", np.eye(2)),
        (DIGITS, None, "5", "0", [[1]]),
        (NEMATUS, 0, "das Haus </s>", "the house </s>", HALF),
        (NEMATUS, 1, "ja </s>", "oh yes </s>", [[0.5, 0.5, 0], [0, 0, 1]]),
        (BY_SOURCE, None, "ja </s>", "oh yes </s>", [[0.5, 0.5, 0], [0, 0, 1]]),
        (PHARAOH, 0, "0 1 2", "0 1 2", [[1, 0, 0], [0, 0, 1], [0, 1, 0]]),
        (PHARAOH, 1, "0 1", "0 1", np.eye(2)),
    ],
)
def test_alignments_map_target_words_to_source_words(text, which, queries, keys, weights):
    made = read(text.encode(), which=which)
    assert labels(made.queries) == queries.split()
    assert labels(made.keys) == keys.split()
    assert made.weights[0, 0].tolist() == np.array(weights).tolist()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0-0 1-", "source-target pairs"),
        ("0-0 999999-999999", "is too large"),
        ("a ||| 0.5,x", "should hold numbers"),
        ("a ||| 0.5,0.5 1", "differ in length"),
        ("a ||| ", "source-target pairs"),
        ("A-0\t", "source-target pairs"),
        ("A-" + "9" * 40 + "\t0-0", "no alignment line"),
        ("a ||| nan,1", "is nan"),
        ("a ||| 0.5 1", "may be scores, the source position of each target word, or"),
        ("A-0\t0.5 1", "may be scores, the source position of each target word, or"),
        ("0 ||| a ||| F0= -1 ||| -1", "no alignment; see `marian-decoder --alignment hard`"),
        ("a ||| 0-0 ||| 1-1", "may both be the alignment"),
        (NEMATUS.replace("0.1 0.8 0.1", "0.1 0.9"), "not rows of numbers"),
        (NEMATUS.replace("3 3", "3 4"), "states the sizes"),
    ],
)
def test_alignments_that_are_not_certain_are_refused(text, reason):
    with pytest.raises(InvalidInputError, match=reason):
        read(text.encode())


@pytest.mark.parametrize(
    ("text", "queries", "keys"),
    [
        ("S-0\tun per ro\nH-0\t-1\tun perro\nA-0\t0-0 1-1 2-2\n", "012", "012"),
        ("S-0\tx y\nH-0\t-1\tx y\nP-0\t-1 -1 -1 -1\nA-0\t0-0 1-1\n", "01", "01"),
        ("das Haus ||| 0-0 1-1 2-2 3-3", "0123", "0123"),
    ],
)
def test_words_printed_without_their_subwords_are_not_labels(text, queries, keys):
    made = read(text.encode())
    assert ("".join(labels(made.queries)), "".join(labels(made.keys))) == (queries, keys)
    assert "without the subwords" in made.meta["guessed"][0]


def test_given_words_label_positions_and_add_unaligned_words():
    made = read(NBEST.encode(), (["Haus"], ["the", "house"]))
    assert labels(made.keys) == ["the", "house"]
    assert "guessed" not in made.meta
    made = read(b"0-0 1-1\n", (list("ab"), list("xyz")))
    assert made.weights[0, 0].tolist() == [[1, 0, 0], [0, 1, 0]]


def test_a_blank_line_is_a_sentence_without_aligned_words():
    made = read(b"\n0-0\n\n")
    assert made.meta["guessed"][0] == "showing line 1 of 3; choose with --which"
    assert made.weights.tolist() == [[[[1]]]]
    with pytest.raises(InvalidInputError, match="line 0 aligns no word"):
        read(b"\n0-0\n", which=0)
    assert not read(b"\n0-0\n", (["a"], ["b", "c"]), which=0).weights.any()


def corpus(*lines):
    return TokenLines.of(lines, "corpus.txt")


def test_lines_of_a_corpus_are_the_sentences_of_the_alignments():
    text = b"0-0\n\n0-1 1-0\n"
    sides = corpus("a", "", "das Haus"), corpus("b c", "", "house the")
    made = read(text, sides, which=2)
    assert (labels(made.queries), labels(made.keys)) == (["das", "Haus"], ["house", "the"])
    assert labels(read(text, sides).keys) == ["b", "c"]
    fairseq = b"A-2\t0-0 1-1\n"
    assert labels(read(fairseq, sides).keys) == ["house", "the"]
    assert labels(read(b"0-0 1-1", (corpus("x", "y"), corpus("v", "w"))).queries) == ["x", "y"]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (("a b", "c"), "has 2 lines and the alignment 3"),
        (("a", "b", "c"), "may be the 3 words of line 0 or one sentence per line"),
    ],
)
def test_lines_that_do_not_correspond_are_refused(lines, reason):
    with pytest.raises(InvalidInputError, match=reason):
        read(b"0-0 1-1 2-2\n0-0\n0-0", (corpus(*lines), list("xyz")))


@pytest.mark.parametrize(
    ("text", "name"),
    [(NEMATUS, "nematus"), (NBEST, "marian"), (MOSES, "marian"), (OLD, "fairseq")],
)
def test_formats_are_recognized_by_content(text, name):
    assert find_reader(text.encode()).name == name
