"""`explain --cell` can be followed with pencil and paper: every row of the catalogue, by hand."""

import json
import re
from math import isnan

import pytest

from attnviz.api.explain import explain
from attnviz.core.variants import VARIANTS
from attnviz.render.reports.json_explanation import explanation_document
from tests.cli.by_hand import NotArithmetic, parse_document, parse_text, recompute
from tests.cli.runner import run

ROWS = list(VARIANTS.values())
by_name = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
SENTENCE, LONGER = "The cat sat down", "The cat sat down on the mat"

# Rows of tables that are not computed from the rows above them, and where their numbers stand.
# A subscript is the position of a token.
SOURCES = {
    # vectors of the steps "queries", "keys", "rotated queries", "rotated keys" and the input
    "q|[kx][₀-₉,]*|a|b|[ab] [qk]": "printed in the steps, or parts of such a vector",
    "q,q,k|k,p,r|q,[qk]|k,[pr]": "the same, one after another",
    # learned vectors, and products of a learned matrix with a vector
    "v|w|u|m|s|a|b′?|D|δ|ξ|ρ|α|λ|[wab][₁₂₃12]|b_[qk]|Wⱼ|W₂ⱼ|R₁ᵢ|R₂ⱼ|P_l|P_w|[γβ] [qk]": "learned",
    "U[qk][₀-₉]+|w_c|Fα[₀-₉]+|Vf[₀-₉]+|R(W|nU)x[₀-₉]+|[wu][′″₀-₉]*·[qkx]": "matrix × vector",
    "W[qkr]|U[qkc]|qᵀ[WU]|W₁x|W₂relu\\(W₁[qk]\\)|U_[qk] p\\d+|q·m/√d": "matrix × vector",
    "W_[wσαβμκ] q[₀-₉]*|[qk] in each bucket|[qk] in each cluster": "matrix × vector",
    "(WV|W′V′|W|θ)?x[₀-₉]*|W tanh\\(Vx[₀-₉]+\\)": "matrix × vector",
    "[EF][₀-₉]+": "columns of a learned matrix",
    "Lk[₀-₉]+": "matrix × vector",
    "q̃[₀-₉]*·k̃?|q·k̃|q̄[₀-₉]+·k̄": "products of means of printed vectors",
    "(R )?[qk]′|[qk] of the factors": "low-rank vectors",
    # positions
    "θ|f|pᵢ|pⱼ": "frequencies and sinusoids of the position encoding",
    "\\|i − j\\|": "distances of positions",
    # other rows of the steps "scores" and "weights"
    "logit|S|A|S of query \\d+|exp\\(S( [−+] \\d+)?\\) of query \\d+": "scores",
    "relu\\(S⁰\\) of query \\d+": "scores",
    "exp\\(S( − peak)?\\) of key \\d+|peak": "scores",
    "e[₀-₉]+|visible|branch \\d+": "1 and 0",
    "I|block|fused": "the lines I₀, I₁, …, block 0, block 1, … or fused 0, fused 1 to 3, … above",
    "g left|g right": "the row g, moved around the ends",
    "[-\\d.]+ × S\\(i − \\d+, j − -?\\d+\\)": "scores of other pairs",
    "weights of query \\d+|α of the row before|α, shifted|softmax\\(logit\\)": "other weights",
    # results of a procedure that the lines name, and do not carry out
    "u": "what earlier queries leave: the row max(…, 0) above it",
    "y": 'the solution of linear equations, which the row "… again" checks',
    "low|high": "q·e of the positions below and above",
    "q\\d+·k": "products of the vector retrieved by a Hopfield step",
}
NUMERIC = re.compile("|".join(SOURCES))


def words_for(row):
    context = ("-c", "Le chat dort") if row.context == "required" else ()
    return ("explain", SENTENCE, *context, "-v", row.name)


def cells_for(row):
    """Two pairs: an earlier key of a later query, and a query with itself, by its name."""
    return ("0,1", "[sentence],2") if row.queries == "single" else ("3,1", "sat,2")


def is_source(name):
    return NUMERIC.fullmatch(name) is not None


def text_lines(row, cell):
    text = run(*words_for(row), "--cell", cell, width=80)
    assert (text.status, text.err) == (0, "")
    return parse_text(text.out)


def explanation_of(row, cell):
    result = run(*words_for(row), "--cell", cell, "--json")
    assert (result.status, result.err) == (0, "")
    return json.loads(result.out)


@by_name
def test_the_printed_numbers_give_the_printed_weight(row):
    """In the text: numbers of six digits, and a weight of three decimals."""
    lines = text_lines(row, cells_for(row)[0])
    assert lines[-1][0] == "weight"
    weight = recompute(lines, is_source, tolerance=1e-4, of_weight=0.00052)
    assert round(weight, 2) == pytest.approx(lines[-1][2], abs=0.0101)


@by_name
def test_the_numbers_of_the_document_give_its_weight(row):
    explanation = explanation_of(row, cells_for(row)[1])
    lines = parse_document(explanation["cell"])
    weight = recompute(lines, is_source, tolerance=1e-7, of_weight=1e-7)
    assert lines[-1][0] == "weight" and weight == pytest.approx(lines[-1][2], abs=1e-7)
    (step,) = (step for step in explanation["steps"] if step["name"] == "weights")
    in_the_map = step["numbers"][0 if row.queries == "single" else 2][2]
    assert lines[-1][2] == (0.0 if in_the_map is None else in_the_map)  # None: masked


@by_name
def test_the_first_and_the_last_query_of_a_longer_sentence(row):
    """Rows that depend on earlier queries, on blocks and on positions, where these are many."""
    context = "Le chat dort" if row.context == "required" else None
    for query, key in ((0, 0),) if row.queries == "single" else ((0, 0), (6, 1)):
        explanation = explain(LONGER, context, variant=row.name, cell=(str(query), str(key)))
        lines = parse_document(json.loads(explanation_document(explanation))["cell"])
        weight = recompute(lines, is_source, tolerance=1e-7, of_weight=1e-7)
        assert weight == pytest.approx(explanation.cell.lines[-1].value, abs=1e-7)


TUNED = [
    *[
        ("constrained-sparsemax", "fertility=0.5", "3,5"),
        ("constrained-softmax", "fertility=0.3", "3,5"),
    ],
    *[("delta-product", "householders=3", "5,3"), ("log-linear", "levels=2", "6,1")],
    *[
        ("mocha", "chunk=2", "4,3"),
        ("sparse-sinkhorn", "block=3", "4,3"),
        ("moba", "top=1", "4,3"),
    ],
    *[("sinkhorn", "rounds=0", "4,3"), ("native-sparse", "block=3", "6,1")],
    *[("nystrom", "landmarks=2", "4,3"), ("mamba-3", "rotated_share=0", "4,3")],
    *[("mamba-3", "rotated_share=1", "4,3"), ("longnet", "branches=1", "6,4")],
]


@pytest.mark.parametrize(("name", "setting", "cell"), TUNED)
def test_the_arithmetic_follows_the_tunables(name, setting, cell):
    result = run("explain", LONGER, "-v", name, "--set", setting, "--cell", cell, "--json")
    assert (result.status, result.err) == (0, "")
    lines = parse_document(json.loads(result.out)["cell"])
    weight = recompute(lines, is_source, tolerance=1e-7, of_weight=1e-7)
    assert lines[-1][0] == "weight" and weight == pytest.approx(lines[-1][2], abs=1e-7)


@pytest.mark.parametrize(
    ("name", "words", "cell"),
    [
        ("tupe", (), "6,0"),  # the first key, of another query
        ("selective", ("--mask", "~window(2)"), "6,2"),  # masked scores take nothing off it
    ],
)
def test_the_arithmetic_follows_masks_and_the_first_key(name, words, cell):
    result = run("explain", LONGER, "-v", name, *words, "--cell", cell, "--json")
    assert (result.status, result.err) == (0, "")
    lines = parse_document(json.loads(result.out)["cell"])
    weight = recompute(lines, is_source, tolerance=1e-7, of_weight=1e-7)
    assert lines[-1][0] == "weight" and weight == pytest.approx(lines[-1][2], abs=1e-7)


def test_fused_scores_are_named_by_their_keys():
    """The lines "fused 0 to 2", "fused 3" and so on name each key once, in order."""
    for setting in ("fusion=0", "fusion=0.01", "fusion=9"):
        words = ("explain", LONGER, "-v", "fusedmax", "--set", setting, "--cell", "6,1", "--json")
        lines = parse_document(json.loads(run(*words).out)["cell"])
        ranges = [re.findall(r"\d+", name) for name, *_ in lines if name.startswith("fused")]
        keys = [n for ends in ranges for n in range(int(ends[0]), int(ends[-1]) + 1)]
        assert keys == list(range(7))
        assert all(len(ends) == 1 or ends[0] != ends[1] for ends in ranges)


@pytest.mark.parametrize("name", ["inverted", "sinkhorn", "matrix-tree"])
def test_scores_that_are_too_far_apart_for_the_page_are_reported(name):
    result = run("explain", SENTENCE, "-v", name, "--scale", "factor(10)", "--cell", "3,1")
    *_, last = parse_text(result.out)
    assert (result.status, result.err, last[0]) == (0, "", "weight")
    assert "too far apart" in last[1] or "too ill-conditioned" in last[1]


@pytest.mark.parametrize("name", ["softmax-one", "softpick", "cog", "constrained-softmax"])
def test_large_scores_are_written_relative_to_their_maximum(name):
    words = ("explain", SENTENCE, "-v", name, "--scale", "factor(200)", "--cell", "1,1", "--json")
    result = run(*words)
    assert (result.status, result.err) == (0, "")
    lines = parse_document(json.loads(result.out)["cell"])
    assert any(label == "max" for label, *_ in lines)
    assert recompute(lines, is_source, tolerance=1e-7, of_weight=1e-7) == pytest.approx(
        lines[-1][2]
    )


def test_long_arithmetic_is_announced():
    text = " ".join(f"w{n}" for n in range(24))
    out = run("explain", text, "-v", "delta", "--cell", "23,0").out
    section = out[out.index("\nweight of query") :].splitlines()
    assert (
        section[2] == f"   {len(section) - 3:,} lines; fewer tokens or dimensions make it shorter"
    )
    assert "lines; fewer" not in run("explain", SENTENCE, "-v", "delta", "--cell", "3,0").out


@pytest.mark.parametrize("name", ["local-p", "delta", "luna", "mesa", "matrix-tree", "ntm"])
def test_a_wrong_number_is_noticed(name):
    """The reader computes: another number in any line of the text is refused."""
    row = next(row for row in ROWS if row.name == name)
    lines = text_lines(row, "3,1")
    assert recompute(lines, is_source, tolerance=1e-4, of_weight=0.00052) is not None
    for n, (label, expression, value, rows) in enumerate(lines):
        is_given = label in ("mask", "in window") or expression.startswith("learned")
        if not is_given and not isnan(value):
            wrong = [*lines[:n], (label, expression, value + 0.01, rows), *lines[n + 1 :]]
            with pytest.raises((NotArithmetic, AssertionError)):
                recompute(wrong, is_source, tolerance=1e-4, of_weight=0.00052)
