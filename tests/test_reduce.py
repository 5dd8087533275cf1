"""Reductions of layers, heads and tokens: each equals a loop, and is stated in every output."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

import attnviz
from attnviz.api.reduce import REDUCTIONS_BY_AXIS, WITH_VALUE, parse_steps, reduce
from attnviz.core.attention_map import AttentionMap
from attnviz.core.token_reduction import drop_special, merge_words
from attnviz.core.token_selection import find_tokens
from attnviz.core.tokens import Token
from attnviz.errors import MisuseError, UnknownNameError
from tests.cli.runner import run
from tests.measure.maps import causal, leaky, plain, signed
from tests.measure.test_table import TOKENS, cross, pair

BERT, T5 = "tests/models/bert", "tests/models/t5"
STEPS = [f"{axis}:{how}" for axis, hows in REDUCTIONS_BY_AXIS.items() for how in hows]
GROUPS = [[0], [1, 2], [3], [4], [5], [6], [7], [8], [9]]  # the words of TOKENS


@pytest.mark.parametrize("make", [plain, causal, leaky, pair])
@pytest.mark.parametrize("step", STEPS)
def test_every_step_leaves_a_valid_map_that_states_it(step, make):
    amap = make()
    result = reduce(amap, step)
    assert isinstance(result, AttentionMap)
    axis, _, how = step.partition(":")
    expected = {"layers": 1} if axis == "layers" else {"heads": 1} if axis == "heads" else {}
    assert result.n_layer == expected.get("layers", 2)
    assert result.n_head == (1 if how in WITH_VALUE else expected.get("heads", 3))
    if how not in ("all", "last"):
        assert result.meta["reduced"]
    visible = True if result.visible is None else result.visible
    assert (result.weights[~np.broadcast_to(visible, result.weights.shape)] == 0).all()
    if result.row_sum == "1" and make is not leaky:
        rows = np.broadcast_to(visible, result.weights.shape).any(-1)
        assert_allclose(result.row_sums[rows], 1.0)
    elif result.row_sum == "at most 1":
        assert (result.row_sums <= 1 + 1e-9).all()


def test_predictions_of_words_are_those_after_their_last_pieces():
    stated = [{"position": n, "probability": n / 10} for n in (0, 1, 2, 9)]
    meta = {"predictions": {"of": "next token", "positions": stated}}
    amap = pair()
    merged = merge_words(replace(amap, meta={**amap.meta, **meta})).meta["predictions"]
    left = [(each["position"], each["probability"]) for each in merged["positions"]]
    assert left == [(0, 0.0), (1, 0.2), (8, 0.9)]  # those after pieces 0, 2 and 9


@pytest.mark.parametrize("axis", ["layers", "heads"])
def test_a_reduction_states_the_number_that_it_combines(axis):
    one = causal().select(layers=[0], heads=[0])
    for amap, number in ((one, "1 "), (causal(), "2 layers" if axis == "layers" else "3 heads")):
        words = reduce(amap, f"{axis}:mean").meta["reduced"]
        assert words == f"mean of {number if number[-1] == 's' else number + axis[:-1]}"


def test_words_are_sums_over_keys_and_means_over_queries():
    amap = pair()
    result = merge_words(amap)
    assert [token.label for token in result.keys][:4] == ["[CLS]", "until", "the", ","]
    for at in np.ndindex(2, 3):
        for q, queries in enumerate(GROUPS):
            for k, keys in enumerate(GROUPS):
                cells = [amap.weights[at][i, j] for i in queries for j in keys]
                assert result.weights[at][q, k] == pytest.approx(sum(cells) / len(queries))
    assert_allclose(result.row_sums, 1.0)


def test_words_of_a_masked_map_are_visible_where_a_piece_is():
    visible = np.tril(np.ones((10, 10), bool))
    amap = AttentionMap(TOKENS, TOKENS, np.where(visible, 0.1, 0.0)[None, None], visible=visible)
    shown = merge_words(amap).visible
    assert shown[0, 0, 1].tolist() == [True, True, *[False] * 7]


def test_words_with_a_piece_that_attends_to_no_key_sum_to_less(tmp_path):
    path = tmp_path / "words.json"
    words = ("playing chess", "-t", "bpe", "-v", "causal", "--reduce", "tokens:words")
    assert run(*words, "--mask", "~itself", "-o", str(path)).status == 0
    assert json.loads(path.read_text())["meta"]["row_sum"] == "at most 1"
    assert run("check", str(path)).status == 0
    assert json.loads(run(*words, "--json").out)["meta"]["row_sum"] == "1"


@pytest.mark.parametrize(
    ("axis", "options"),
    [
        ("layers", ("--layer", "mean", "--reduce", "layers:max")),
        ("heads", ("--head", "mean", "--reduce", "heads:max")),
        ("heads", ("--contribution", "residual", "--reduce", "heads:mean")),
    ],
)
def test_an_axis_is_combined_once(axis, options):
    made = run("the cat sat", "--layers", "2", *options)
    assert (made.status, made.out) == (2, "")
    assert made.err.startswith(f"error: {axis} are combined already: this map has the ")


@pytest.fixture
def comparison(tmp_path):
    """A stored comparison of two mechanisms, two layers each."""
    path = str(tmp_path / "compared.json")
    words = ("compare", "the cat sat", "-v", "causal", "-v", "hard", "--layers", "2")
    assert run(*words, "-o", path).status == 0
    return path


@pytest.mark.parametrize(
    "options",
    [("--queries", "1"), ("--keys", "cat"), *(("--reduce", step) for step in STEPS[2:6])],
)
def test_divergences_of_all_tokens_and_layers_leave_with_them(options, comparison):
    document = json.loads(run("render", comparison, *options, "--json").out)
    assert "divergence" not in document["meta"]
    assert not [name for name in (*document["names"], document["meta"]["algebra"]) if "JS" in name]
    assert "hard − causal" in document["names"]
    whole = json.loads(run("render", comparison, "--queries", "0-2", "--json").out)
    assert "divergence" in whole["meta"] and "· JS 0." in whole["names"][-1]


@pytest.mark.parametrize("how", WITH_VALUE)
def test_a_comparison_has_no_rollout(how, comparison):
    made = run("render", comparison, "--reduce", f"layers:{how}")
    assert (made.status, made.out) == (2, "")
    assert made.err == f"error: {how} needs the heads of one map; these are of a comparison\n"


def test_the_largest_changes_of_a_difference_leave_with_its_tokens(tmp_path):
    files = [str(tmp_path / f"{name}.json") for name in ("causal", "hard", "change")]
    for name, file in zip(("causal", "hard"), files, strict=False):
        assert run("the cat sat", "-v", name, "-o", file).status == 0
    assert run("diff", *files[:2], "-o", files[2]).status == 0
    meta = json.loads(run("render", files[2], "--queries", "1", "--json").out)["meta"]
    assert not {"divergence", "most_changed"} & meta.keys() and "largest" not in meta["algebra"]


def test_the_sum_of_one_head_is_singular():
    words = ("the cat sat", "-v", "causal", "--contribution", "residual", "--json")
    assert json.loads(run(*words).out)["meta"]["reduced_heads"] == "sum of 1 head"


def test_without_special_tokens_rows_keep_their_sums():
    amap = pair()
    result = drop_special(amap)
    kept = [i for i, token in enumerate(TOKENS) if not token.special]
    assert [token.label for token in result.keys] == [TOKENS[i].label for i in kept]
    for at in np.ndindex(2, 3):
        for q, i in enumerate(kept):
            row = amap.weights[at][i, kept]
            assert_allclose(result.weights[at][q], row / row.sum())
    assert result.row_sum == "1" and "(renormalized)" in result.meta["reduced"]
    remainder = drop_special(leaky())
    assert_allclose(remainder.row_sums, leaky().row_sums[:, :, 1:])
    assert "renormalized" not in drop_special(signed()).meta["reduced"]
    assert_allclose(drop_special(signed()).weights, signed().weights[:, :, 1:, 1:])


def test_a_row_with_all_weight_on_special_tokens_is_zero():
    words = (Token("[CLS]", "[CLS]", special=True), Token.of("a"), Token.of("b"))
    weights = np.array([[[[1.0, 0, 0], [1.0, 0, 0], [0.5, 0.25, 0.25]]]])
    result = drop_special(AttentionMap(words, words, weights))
    assert result.weights[0, 0].tolist() == [[0, 0], [0.5, 0.5]] and result.row_sum == "at most 1"
    with pytest.raises(MisuseError, match="only special tokens"):
        drop_special(AttentionMap(words[:1], words[:1], np.ones((1, 1, 1, 1))))


def test_the_minimum_of_heads_is_of_visible_weights():
    amap = causal()
    assert_allclose(reduce(amap, "heads:min").weights[:, 0], amap.weights.min(1))
    assert reduce(amap, "heads:min").row_sum == "at most 1"


def test_rows_that_keep_next_to_nothing_without_special_tokens_are_counted():
    words, end = tuple(map(Token.of, "ab")), Token(piece="</s>", label="</s>", special=True)
    weights = np.array([[0.5, 0.3, 0.2], [0.004, 0.001, 0.995]])
    amap = AttentionMap(words, (*words, end), weights[None, None])
    made = reduce(amap, "special:drop")
    assert_allclose(made.weights[0, 0], [[0.625, 0.375], [0.8, 0.2]])
    assert made.meta["reduced"] == (
        "no special tokens (renormalized, 1 of 2 rows from less than 1 % of their sum)"
    )


def test_steps_follow_each_other_and_all_are_stated():
    amap = pair()
    result = reduce(amap, "heads:max", "tokens:words", "special:drop")
    assert result.meta["reduced"] == (
        "max of 3 heads (rows do not sum to 1), then words (keys summed, queries averaged), "
        "then no special tokens"
    )
    together = reduce(amap, "heads:mean,layers:rollout=0.2 , tokens:words")
    product = np.eye(10)
    for layer in amap.weights:
        product = (0.8 * layer.mean(0) + 0.2 * np.eye(10)) @ product
    assert_allclose(together.weights[0, 0], merge_words(
        AttentionMap(TOKENS, TOKENS, product[None, None])
    ).weights[0, 0])  # fmt: skip
    assert together.meta["reduced_layers"] == "rollout of 2 layers"
    assert together.head_name(0, 0) == "rollout of 2 layers · mean of 3 heads"


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (["layers"], "must be one of layers:rollout|flow"),
        (["depth:mean"], "unknown axis of reduce='depth'"),
        (["heads:median"], "unknown reduction of heads 'median'"),
        (["heads:mean", "heads:max"], "heads are given twice"),
        (["tokens:words", "layers:rollout"], "put it before tokens and special"),
        (["special:drop", "layers:flow"], "put it before tokens and special"),
        (["layers:rollout", "heads:mean"], "leaves one head; put heads before it"),
        (["layers:rollout=1"], "a residual weight from 0 to below 1"),
        (["layers:mean=0.5"], "the others no number"),
    ],
)
def test_steps_without_sense_are_refused(steps, message):
    with pytest.raises(MisuseError) as caught:
        parse_steps(steps)
    assert message.replace("--reduce", "reduce") in str(caught.value)


@pytest.mark.parametrize(
    ("make", "step", "message"),
    [
        (cross, "layers:rollout", "needs self-attention"),
        (lambda: pair().select(layers=[1]), "layers:flow", "needs all layers from 0 on"),
        (lambda: attnviz.look("a b c d", pool=2), "layers:rollout", "this map is pooled"),
        (lambda: attnviz.look("a b c d", pool=2), "tokens:words", "this map is pooled"),
        (lambda: attnviz.look("a b c d", pool=2), "special:drop", "in its cells"),
        (signed, "layers:rollout", "needs non-negative rows"),
    ],
)
def test_maps_that_a_step_is_not_defined_for_are_refused(make, step, message):
    with pytest.raises(MisuseError, match=message):
        reduce(make(), step)


@pytest.mark.parametrize(
    ("model", "options"), [(BERT, {}), (T5, {"attention": "encoder"}), ("tests/models/gpt2", {})]
)
def test_rollout_of_models_is_the_product_of_their_maps(model, options):
    whole = attnviz.look("the cat sat", model=model, **options)
    product = np.eye(len(whole.keys))
    for layer in whole.weights.astype(np.float64):
        product = 0.5 * (layer.mean(0) + np.eye(len(product))) @ product
    result = attnviz.look("the cat sat", model=model, reduce=["layers:rollout"], **options)
    assert_allclose(result.weights[0, 0], product, atol=1e-6)


def test_cross_attention_has_no_rollout():
    with pytest.raises(MisuseError, match="rollout needs self-attention"):
        attnviz.look("the cat", model=T5, target="a dog", reduce=["layers:rollout"])


WORDS = ("the cat sat", "--model", BERT)


@pytest.mark.parametrize("format", ["table", "csv", "json", "png", "svg", "html", "md", "npz"])
def test_every_output_has_the_reduced_map(format, tmp_path):
    path = tmp_path / f"map.{format}"
    made = run(*WORDS, "--reduce", "layers:rollout,tokens:words", "--drop-special", "-f", format,
               "-o", str(path))  # fmt: skip
    assert (made.status, made.err) == (0, "")
    stated = b"rollout (residual 0.5), then words"
    if format in ("json", "svg", "html"):
        assert stated in path.read_bytes()
    if format == "table":
        assert "rollout (residual 0.5), then words" in " ".join(path.read_text().split())
        assert "grid: layers" not in path.read_text()  # one layer is no overview
    if format == "csv":
        rows = list(csv.DictReader(io.StringIO(path.read_text())))
        assert {row["key_token"] for row in rows} == {"the", "cat", "sat"}


def test_files_are_reduced_as_sentences_are(tmp_path):
    path = str(tmp_path / "map.npz")
    assert run(*WORDS, "-o", path).status == 0
    steps = ("--reduce", "heads:max", "--reduce", "tokens:words", "--queries", "cat")
    ours = json.loads(run(*WORDS, *steps, "--json").out)
    theirs = json.loads(run("render", path, *steps, "--json").out)
    assert ours["weights"] == theirs["weights"]
    assert ours["meta"]["reduced"] == theirs["meta"]["reduced"]
    heads = json.loads(run("heads", path, "--reduce", "layers:rollout", "--json").out)["heads"]
    assert [head["name"] for head in heads] == ["rollout of 3 layers · mean of 4 heads"]
    assert heads[0]["entropy"] is not None


SELECTED = [
    ("1", [1]),
    ("-1", [3]),
    ("0-2", [0, 1, 2]),
    ("-2--1", [2, 3]),
    ("the", [0, 2]),
    ("the,1", [0, 1, 2]),
    (3, [3]),
    ([0, "cat"], [0, 1]),
]


@pytest.mark.parametrize(("selector", "positions"), SELECTED, ids=str)
def test_tokens_by_position_range_and_word(selector, positions):
    text = "the cat the dog"
    whole = attnviz.look(text, variant="causal")
    for side, axis in (("select_queries", 2), ("select_keys", 3)):
        part = attnviz.look(text, variant="causal", **{side: selector})
        assert_allclose(part.weights, whole.weights.take(positions, axis))
    assert part.row_sum == "at most 1"
    assert [token.label for token in part.keys] == [text.split()[i] for i in positions]


def test_a_word_selects_all_its_pieces():
    words = TOKENS[:5]
    assert find_tokens("until", words, "keys") == [1, 2]
    assert find_tokens("til", words, "keys") == [2]
    assert find_tokens("\\,", words, "keys") == [4]


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ("dog", "there is no token 'dog'; there are 0:the 1:cat"),
        ("9", "select_queries=9: the positions are 0 to 1"),
        ("1-0", "the positions are 0 to 1"),
        ("", "has an empty entry"),
        ([], "has an empty entry"),
        ([True], "True is neither a position nor a word"),
        ([0.5], "0.5 is neither a position nor a word"),
    ],
)
def test_tokens_that_are_not_there_are_refused_before_anything_runs(
    selector, message, monkeypatch
):
    from attnviz.sources.seeded.layers import SeededLayers

    monkeypatch.setattr(SeededLayers, "run", None)
    with pytest.raises(MisuseError) as caught:
        attnviz.look("the cat", select_queries=selector)
    assert message in str(caught.value)


def test_reductions_have_no_effect_beside_vectors_and_temperatures():
    made = run("the cat", "--json", "--with-qk", "--reduce", "heads:mean")
    assert made.status == 2 and "--with-qk has no effect on reduced maps" in made.err
    made = run("the cat", "--temperature", "1,2", "--reduce", "heads:mean")
    assert made.status == 2 and "--reduce has no effect with several temperatures" in made.err
    with pytest.raises(UnknownNameError):
        attnviz.look("the cat", reduce=["heads:mode"])


def test_a_resumed_run_requires_the_same_reduction(tmp_path):
    source, out = tmp_path / "in.txt", tmp_path / "all.jsonl"
    source.write_text("the cat\na dog\n")
    words = ("-i", str(source), "-o", str(out), "--queries", "0-1", "--keys", "0")
    assert run(*words, "--reduce", "heads:mean").status == 0
    source.write_text("the cat\na dog\nthe dog sat\n")
    made = run(*words, "--reduce", "heads:max", "--resume")
    assert made.status == 2 and "use the same options" in made.err
    assert run(*words, "--reduce", "heads:mean", "--resume").status == 0
    assert out.read_text().count("\n") == 3
