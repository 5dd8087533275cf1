"""Tables of other programs: matrices and long tables, in files and as DataFrames."""

from __future__ import annotations

import gzip

import numpy as np
import pandas
import pytest

from attnviz.errors import InvalidInputError, MisuseError
from attnviz.sources.external import read
from tests.cli.runner import run

WEIGHTS = np.array([[0.5, 0.3, 0.2], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]])
WORDS = ["the", "cat", "the, 2"]
FRAME = pandas.DataFrame(WEIGHTS, index=WORDS, columns=WORDS)
CROSS = pandas.DataFrame(WEIGHTS[:2], index=["le", "chat"], columns=WORDS)
NO_LABELS = pandas.DataFrame(WEIGHTS)
ROWS = "\n".join(" ".join(f"{w:.18e}" for w in row) for row in WEIGHTS) + "\n"  # np.savetxt

POSITIONS = ["0", "1", "2"]
FILES = {  # text, labels of queries, labels of keys
    "index and header": (FRAME.to_csv(), WORDS, WORDS),
    "CR LF": (FRAME.to_csv(lineterminator="\r\n"), WORDS, WORDS),
    "byte order mark": ("\ufeff" + FRAME.to_csv(), WORDS, WORDS),
    "named index": (FRAME.to_csv(index_label="query"), WORDS, WORDS),
    "tabs": (FRAME.to_csv(sep="\t"), WORDS, WORDS),
    "semicolons": (FRAME.to_csv(sep=";"), WORDS, WORDS),
    "two languages": (CROSS.to_csv(), ["le", "chat"], WORDS),
    "header only": (FRAME.to_csv(index=False), WORDS, WORDS),
    "header only, two languages": (CROSS.to_csv(index=False), ["0", "1"], WORDS),
    "index only": (FRAME.to_csv(header=False), WORDS, None),
    "counted index": (FRAME.reset_index(drop=True).to_csv(), WORDS, WORDS),
    "counted index and header": (NO_LABELS.to_csv(), POSITIONS, POSITIONS),
    "counted header": (NO_LABELS.to_csv(index=False), POSITIONS, POSITIONS),
    "no labels": (NO_LABELS.to_csv(header=False, index=False), POSITIONS, POSITIONS),
    "savetxt": (ROWS, POSITIONS, POSITIONS),
    "savetxt with a comment": ("# from a model\n" + ROWS, POSITIONS, POSITIONS),
    "header shorter than rows": (
        '"a" "b c" "d"\n"a" 0.5 0.3 0.2\n"b c" .1 .8 .1\n"d" 0.2 0.2 0.6\n',
        ["a", "b c", "d"],
        ["a", "b c", "d"],
    ),
    "header shorter than rows, rows counted": (
        '"a" "b" "c"\n"1" 0.5 0.3 0.2\n"2" .1 .8 .1\n"3" 0.2 0.2 0.6\n',
        ["1", "2", "3"],
        ["a", "b", "c"],
    ),
    "counted header shorter than rows": (
        NO_LABELS.to_csv(sep=" ", index_label=False),
        POSITIONS,
        POSITIONS,
    ),
}


def labels(tokens):
    return [token.label for token in tokens]


@pytest.mark.parametrize("name", FILES)
def test_a_matrix_keeps_its_labels_and_all_decimals(name):
    text, queries, keys = FILES[name]
    made = read(text.encode())
    assert np.array_equal(made.weights[0, 0], WEIGHTS[: len(queries)])
    assert labels(made.queries) == queries
    assert keys is None or labels(made.keys) == keys


def test_compressed_text_and_tokens_given():
    made = read(
        gzip.compress(NO_LABELS.to_csv(header=False, index=False).encode()), ["a", "b", "c"]
    )
    assert labels(made.keys) == ["a", "b", "c"]


def test_assumptions_about_labels_are_stated():
    assert (
        "only the columns have labels" in read(FILES["header only"][0].encode()).meta["guessed"][0]
    )
    assert "guessed" not in read(FILES["index and header"][0].encode()).meta
    counted = read(FILES["counted header"][0].encode()).meta["guessed"]
    assert counted[0] == "taking the first line, 0 to 2, for labels of keys"


REFUSED = {
    "0,1\n0.5,0.5\n0.2,0.8\n0.1,0.9\n": "may be labels or weights",
    "0,5;0,5\n0,3;0,7\n": "line 2, column 2: '0,7' is not a number; write decimal points",
    "a,b\n0.5,0.5\n0.5\n": "line 3 has 1 cells; others have 2",
    "0.5,0.5\n0.5\n": "line 1 has 2 cells; others have 1",
    "0.5,0.5\n0.5,0.3,0.2\n": "line 1 has 2 cells; others have 3",
    "the 2 cats\n3 dogs ran\n": "'dogs' is not a number",
    ",a,b\na,0.5,\nb,0.1,0.9\n": "line 2, column 3: '' is not a number",
    'a,b\n0.1,0.9\n"0.1,0.9\n': "invalid table",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_not_certain_is_refused(text):
    made = run("render", "-", stdin=text)
    assert made.status == 3 and made.err.count("\n") == 1
    assert REFUSED[text] in made.err


@pytest.mark.parametrize("text", ["hello world\n", "cats 1 2 of them\n", "a b c\nd e f\n"])
def test_sentences_are_no_matrix(text):
    assert "unrecognized format" in run("render", "-", stdin=text).err


ONE_WEIGHT_PER_WORD = {
    "npy": np.array([0.1, 0.7, 0.2]),
    "names": {"attention": [0.1, 0.7, 0.2], "tokens": WORDS},
    "series": pandas.Series([0.1, 0.7, 0.2], index=WORDS),
    "two columns": b"the,0.1\ncat,0.7\ntwo,0.2\n",
    "one column": b"0.1\n0.7\n0.2\n",
    "header": b"word,weight\nthe,0.1\ncat,0.7\ntwo,0.2\n",
}


@pytest.mark.parametrize("name", ONE_WEIGHT_PER_WORD)
def test_one_weight_per_word_is_one_query(name):
    made = read(ONE_WEIGHT_PER_WORD[name])
    assert made.weights.tolist() == [[[[0.1, 0.7, 0.2]]]]
    assert labels(made.queries) == ["query"] and labels(made.keys)[1] in ("cat", "1")
    assert "one weight per word" in made.meta["guessed"][0]
    named = read(ONE_WEIGHT_PER_WORD[name], ["x", "y", "z"])
    assert (labels(named.queries), labels(named.keys)) == (["query"], ["x", "y", "z"])


LONG = pandas.DataFrame(
    [(q, k, WEIGHTS[i, j]) for i, q in enumerate(WORDS) for j, k in enumerate(WORDS)],
    columns=["query_token", "key_token", "weight"],
)


@pytest.mark.parametrize("order", ["query", "key"])
@pytest.mark.parametrize("words", [WORDS, ["a", "b", "a"], ["a", "a", "b"]], ids=" ".join)
def test_long_tables_of_tokens_only(order, words):
    table = LONG.replace(dict(zip(WORDS, words, strict=True)))
    if order == "key":
        table = table.iloc[[0, 3, 6, 1, 4, 7, 2, 5, 8]]
    both = pandas.concat([table.assign(head=4), table.assign(head=2)])
    for source in (table, table.to_csv(index=False, sep="\t").encode(), both):
        made = read(source)
        assert np.array_equal(made.weights[0, 0], WEIGHTS.astype("f4"))
        assert labels(made.queries) == labels(made.keys) == words
        assert "guessed" not in made.meta
    assert made.heads == (4, 2)


def test_long_tables_whose_tokens_have_no_certain_position():
    same = LONG.replace(dict.fromkeys(WORDS, "a"))
    with pytest.raises(InvalidInputError, match="tokens repeat"):
        read(same)
    with pytest.raises(InvalidInputError, match="tokens repeat"):
        read(LONG.replace({"the, 2": "the"}).sample(frac=1, random_state=0))
    lines = list(zip("aaccaacca", "bdbdbdbdb", [0.5] * 9, strict=True))
    for n_line in (8, 9):  # of a head with five lines and one with fewer
        table = pandas.DataFrame(lines[:n_line], columns=LONG.columns)
        with pytest.raises(InvalidInputError, match="tokens repeat"):
            read(table.assign(head=[0] * 5 + [1] * (n_line - 5)))
    mixed = read(LONG.sample(frac=1, random_state=0))
    assert "in the order in which they appear" in mixed.meta["guessed"][0]
    at = labels(mixed.queries).index("cat"), labels(mixed.keys).index("the")
    assert mixed.weights[0, 0][at] == np.float32(0.1)


def test_long_tables_without_layer_and_head():
    table = LONG.assign(query=np.repeat(range(3), 3), key=list(range(3)) * 3)
    made = read(table[["query", "key", "weight"]].to_csv(index=False).encode())
    assert np.array_equal(made.weights[0, 0], WEIGHTS.astype("f4"))
    assert (made.layers, made.heads) == ((0,), (0,))
    with pytest.raises(InvalidInputError, match="no column 'key'"):
        read(table[["query", "weight"]].assign(layer=0).to_csv(index=False).encode())


def test_dataframes_keep_their_labels():
    made = read(CROSS)
    assert (labels(made.queries), labels(made.keys)) == (["le", "chat"], WORDS)
    assert np.array_equal(made.weights[0, 0], WEIGHTS[:2])
    assert labels(read({"attention": CROSS}).queries) == ["le", "chat"]
    assert labels(read(NO_LABELS).keys) == POSITIONS
    with pytest.raises(InvalidInputError, match="several levels of labels"):
        read(pandas.concat({"a": FRAME, "b": FRAME}))
    with pytest.raises(InvalidInputError, match="it should be numbers"):
        read(pandas.DataFrame({"a": ["x"]}))
    with pytest.raises(MisuseError, match="no effect on a table"):
        read(FRAME, axes="kq")


class Coordinate:
    """A coordinate of a DataArray, with what `read` uses of it."""

    def __init__(self, dims, values):
        self.dims, self.values = dims, np.asarray(values)


class DataArray(Coordinate):
    """An array with names of dimensions and coordinates, as xarray has it."""

    def __init__(self, values, dims, **coords):
        super().__init__(dims, values)
        self.coords = {
            name: Coordinate((along,) if along else (), at) for name, (along, at) in coords.items()
        }


def test_data_arrays_have_named_dimensions():
    made = read(
        DataArray(
            np.moveaxis(np.array([[WEIGHTS[:2]], [WEIGHTS[1:]]]), (0, 1, 2, 3), (3, 1, 2, 0)),
            ("Keys", "head", "target", "layers"),
            layers=("layers", [3, 5]),
            head=("head", [7]),
            words=("Keys", WORDS),
        )
    )
    assert (made.layers, made.heads) == ((3, 5), (7,))
    assert np.array_equal(made.weights[1, 0], WEIGHTS[1:])
    assert labels(made.keys) == WORDS
    one = read(DataArray(WEIGHTS, ("q", "k"), layer=("", 4), q=("q", WORDS), k=("k", WORDS)))
    assert one.layers == (4,) and labels(one.queries) == WORDS
    unknown = DataArray(WEIGHTS, ("x", "y"))
    with pytest.raises(InvalidInputError, match="the dimensions x, y should be called layer"):
        read(unknown)
    assert np.array_equal(read(unknown, axes="kq").weights[0, 0], WEIGHTS.T)
