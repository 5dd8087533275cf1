"""`explain --cell` can be followed with pencil and paper: every row of the catalogue, by hand."""

import json
import re

import pytest

from attnviz.core.variants import VARIANTS
from tests.cli.by_hand import NotArithmetic, parse_document, parse_text, recompute
from tests.cli.runner import run

ROWS = list(VARIANTS)
by_name = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
SENTENCE = "The cat sat down"

# Rows of tables that are not computed from the rows above them, and where their numbers stand.
SOURCES = {
    # vectors of the steps "queries", "keys", "rotated queries", "rotated keys" and the input
    "q|k|x|a|b|q,q,k|k,p,r": "printed in the steps, or parts of such a vector",
    # learned vectors, and products of a learned matrix with a vector
    "v|w|u|m|s|a|b|D|δ|[wab][₁₂₃12]|Wⱼ|W₂ⱼ|R₁ᵢ|R₂ⱼ|P_l|P_w|[γβ] [qk]": "learned",
    "W[qkr]|U[qkc]|qᵀ[WU]|W₁x|W₂relu\\(W₁[qk]\\)|U_[qk] p\\d+|q·m/√d|w·[qkx]": "matrix × vector",
    "W_[wσαβ] q|[qk] in each bucket|[qk] in each cluster": "matrix × vector",
    "(R )?[qk]′|[qk] of the factors": "low-rank vectors",
    # positions
    "θ|f|pᵢ|pⱼ": "frequencies and sinusoids of the position encoding",
    "\\|i − j\\|": "distances of positions",
    # other rows of the steps "scores" and "weights"
    "logit|S|A|S of query \\d+|exp\\(S\\) of query \\d+|relu\\(S⁰\\) of query \\d+": "scores",
    "[-\\d.]+ × S\\(i − \\d+, j − -?\\d+\\)": "scores of other pairs",
    "weights of query \\d+|α of the row before|α, shifted|softmax\\(logit\\)": "other weights",
    # results of a procedure that the lines name, and do not carry out
    "μ|κ": "centres: sums over this query and those before it",
    "u": "what earlier queries leave: the row max(…, 0) above it",
    "low|high": "q·e of the positions below and above",
    "fused": "the total variation step of fusedmax",
    "q\\d+·k": "products of the vector retrieved by a Hopfield step",
}
NUMERIC = re.compile("|".join(SOURCES))

# Rows whose weight cannot be computed from what is printed, each with the reason.
WHOLE = "a mixer: its matrix is computed at once"
NOT_YET = {
    "path": "a product of matrices between key and query",
    "indexed": "the scores of the indexer are not printed",
    "moba": "the scores of the blocks are not printed",
    "mocha": "chunks are not printed",
    "milk": "chunks are not printed",
    "ntm": "the steps of the addressing are not printed",
    "sinkhorn": "21 normalizations of the whole matrix",
    "matrix-tree": "the inverse of a matrix of all scores",
    "location-sensitive": WHOLE,
    "coverage": WHOLE,
    "efficient": WHOLE,
    "linformer": WHOLE,
    "nystrom": WHOLE,
    "luna": WHOLE,
    "aft": WHOLE,
    "gla": WHOLE,
    "rwkv": WHOLE,
    "mamba-2": WHOLE,
    "delta": WHOLE,
    "gated-delta": WHOLE,
    "kda": WHOLE,
    "lightning": WHOLE,
    "hgrn2": WHOLE,
    "mamba-3": WHOLE,
    "log-linear": WHOLE,
    "delta-product": WHOLE,
    "rwkv-7": WHOLE,
    "mesa": WHOLE,
    "gated-slots": WHOLE,
    "bounded-memory": WHOLE,
    "sparse-sinkhorn": WHOLE,
    "qwen3-next": WHOLE,
    "kimi-hybrid": WHOLE,
    "native-sparse": "the weights of the blocks and the gates are not printed",
    "longnet": "the share of each dilated pattern is not printed",
}


def words_for(row):
    context = ("-c", "Le chat dort") if row.context == "required" else ()
    return ("explain", SENTENCE, *context, "-v", row.name)


def cells_for(row):
    """Two pairs: an earlier key of a later query, and a query with itself."""
    return ("0,1", "0,2") if row.queries == "single" else ("3,1", "2,2")


def is_source(name):
    return NUMERIC.fullmatch(name) is not None


def text_lines(row, cell):
    text = run(*words_for(row), "--cell", cell, width=80)
    assert (text.status, text.err) == (0, "")
    return parse_text(text.out)


def document_lines(row, cell):
    result = run(*words_for(row), "--cell", cell, "--json")
    assert (result.status, result.err) == (0, "")
    return parse_document(json.loads(result.out)["cell"])


@by_name
def test_the_printed_numbers_give_the_printed_weight(row):
    """In the text: numbers of six digits, and a weight of three decimals."""
    lines = text_lines(row, cells_for(row)[0])
    assert lines[-1][0] == "weight"
    if row.name in NOT_YET:
        with pytest.raises((NotArithmetic, AssertionError)):
            recompute(lines, is_source, tolerance=1e-4, of_weight=0.00052)
    else:
        weight = recompute(lines, is_source, tolerance=1e-4, of_weight=0.00052)
        assert round(weight, 2) == pytest.approx(lines[-1][2], abs=0.0101)


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.name not in NOT_YET], ids=lambda row: row.name
)
def test_the_numbers_of_the_document_give_its_weight(row):
    lines = document_lines(row, cells_for(row)[1])
    weight = recompute(lines, is_source, tolerance=1e-7, of_weight=1e-7)
    assert lines[-1][0] == "weight" and weight == pytest.approx(lines[-1][2], abs=1e-7)


def test_no_row_of_the_catalogue_is_listed_in_vain():
    assert set(NOT_YET) <= {row.name for row in ROWS}


def test_a_wrong_number_is_noticed():
    """The reader computes: another number in any line or row of the text is refused."""
    row = next(row for row in ROWS if row.name == "local-p")
    lines = text_lines(row, "3,1")
    assert recompute(lines, is_source, tolerance=1e-4, of_weight=0.00052) is not None
    for n, (label, expression, value, rows) in enumerate(lines):
        if label not in ("mask", "in window"):
            wrong = [*lines[:n], (label, expression, value + 0.01, rows), *lines[n + 1 :]]
            with pytest.raises((NotArithmetic, AssertionError)):
                recompute(wrong, is_source, tolerance=1e-4, of_weight=0.00052)
