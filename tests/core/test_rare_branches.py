"""What few calls reach in core: refusals, defaults and metadata that only some maps have."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import attnviz
from attnviz.core.biases.forget_gate import ForgetGate
from attnviz.core.comparison import without_divergence
from attnviz.core.compose.interventions import Intervention
from attnviz.core.effects import is_lens
from attnviz.core.engine.attention import original_index
from attnviz.core.engine.blocks import reachable_keys
from attnviz.core.engine.contributions import check_contribution, require_path, vector_norms
from attnviz.core.grid import Grid
from attnviz.core.heads.differential_v2 import DifferentialV2
from attnviz.core.inputs import Inputs
from attnviz.core.masks import Causal, Mask
from attnviz.core.part import coerce, format_value
from attnviz.core.positions import Sinusoidal
from attnviz.core.progress import listen_to_progress, report_progress
from attnviz.core.scales.fixed import TemperatureTuning
from attnviz.core.scores import Score
from attnviz.core.selection import HeadSelection
from attnviz.core.token_reduction import merge_words
from attnviz.core.token_selection import select_queries_and_keys
from attnviz.core.tokens import Token
from attnviz.core.tunables import resolve_tunable_aliases
from attnviz.core.variant import Variant
from attnviz.core.variants import find_variant
from attnviz.core.words import joins_characters
from attnviz.errors import (
    MisuseError,
    NumbersError,
    RenamedError,
    ShapeError,
    UnknownNameError,
)
from tests.conftest import make_map
from tests.core.test_words import covering


def test_keys_are_all_visible_where_none_is_stated_as_masked():
    random = np.random.default_rng(2)
    query, key = random.normal(size=(2, 5, 3)), random.normal(size=(2, 5, 3))
    params = {"w_forget": random.normal(size=(2, 3)), "b_forget": random.normal(size=2)}
    unstated = Inputs(query=query, key=key, grid=Grid.of(2, 5, 5), params=params)
    none = replace(unstated, hidden_keys=np.zeros((2, 5), dtype=bool))
    logits = np.zeros((2, 5, 5))
    assert np.array_equal(ForgetGate()(logits, unstated), ForgetGate()(logits, none))
    first = replace(unstated, hidden_keys=np.arange(5)[None] == 1)
    assert not np.array_equal(ForgetGate()(logits, unstated), ForgetGate()(logits, first))
    assert unstated.visible_key_source is key and (first.visible_key_source[:, 1] == 0).all()


def test_a_comparison_without_a_pipeline_loses_its_divergences_alone():
    amap = make_map(meta={"divergence": {"b": [[0.25]]}, "seed": 3}, names=("a", "b · JS 0.25"))
    assert dict(without_divergence(amap).meta) == {"seed": 3}


def test_an_absolute_position_encoding_is_no_intervention():
    own = find_variant("rope")
    change = Intervention(parts={"positions": Sinusoidal()})
    with pytest.raises(MisuseError, match="is added to the embeddings, where a model has its own"):
        change.apply(own, 0)


@pytest.mark.parametrize("value", [None, [], {}, {"title": 3}])
def test_what_is_no_table_of_a_lens(value):
    assert not is_lens(value)
    assert is_lens({"title": "t", "columns": ["a"], "layers": [0], "rows": [["b"]]})


def test_indices_of_slices_and_of_arrays():
    assert [original_index(slice(3, 9), 2), original_index(slice(None), 2)] == [5, 2]
    assert original_index(np.array([4, 1, 7]), 2) == 7


class Nothing(Mask):
    """A mask of all pairs."""

    name = "nothing"

    def __call__(self, grid):
        return np.zeros((1, grid.n_query, grid.n_key), dtype=bool)

    def bounds(self, grid):
        return np.zeros(grid.n_key, dtype=bool), np.zeros(grid.n_key, dtype=bool)


class Outer(Mask):
    """A mask with a mask."""

    name = "outer"
    inner: Mask = Causal()
    count: int = 2


def test_a_part_of_a_part_is_written_in_its_brackets():
    assert [str(Outer()), str(Outer(count=3))] == ["outer(causal)", "outer(causal, count=3)"]


def test_keys_that_no_query_reaches_are_an_empty_slice():
    row = Variant(name="none", summary="no pair", formula="0", mask=Nothing())
    zeros = np.zeros((1, 4, 2))
    inputs = Inputs(query=zeros, key=zeros, grid=Grid.of(1, 4, 4))
    assert reachable_keys(row, inputs) == (slice(0, 0), 0)
    assert reachable_keys(find_variant("causal"), inputs) == (slice(0, 4), 4)


def test_heads_of_contributions_that_sum_all_heads_are_refused():
    every, one = HeadSelection.parse(), HeadSelection.parse(heads="1")
    check_contribution(None, one)
    check_contribution("norm", one)
    check_contribution("residual", every)
    with pytest.raises(
        MisuseError, match="no effect with contribution residual: it sums all heads"
    ):
        check_contribution("residual", one)
    with pytest.raises(UnknownNameError, match="Did you mean 'norm'"):
        check_contribution("nrom", every)


def test_contributions_without_an_output_projection_are_refused():
    call = SimpleNamespace(output_path=None)
    with pytest.raises(MisuseError, match="need the output projection"):
        require_path(call)
    with pytest.raises(MisuseError, match="need the output projection"):
        vector_norms(np.ones((1, 2, 3)), "norm", None, [0])
    assert np.allclose(vector_norms(np.ones((1, 2, 3)), "value", None, [0]), 3**0.5)


def test_differential_heads_are_pairs():
    with pytest.raises(ShapeError, match="come in pairs; 3 do not pair up"):
        DifferentialV2().mix_weights(np.ones((3, 2, 2)), None)


def test_tunables_of_several_numbers():
    assert format_value((4, 0.5)) == "4 0.5"
    assert coerce((1.0,), ["2", 3], "factors") == (2.0, 3.0)
    with pytest.raises(MisuseError, match="factors=3 should be"):
        coerce((1.0,), 3, "factors")


@pytest.mark.parametrize("value", [-(2**53) + 1, -5, -2, -1, 0, 2, 2**53 - 1, "7", 3.0, True])
def test_whole_numbers_that_a_float_holds_exactly(value):
    assert coerce(1, value, "top") == int(value)
    assert type(coerce(1, value, "top")) is int


@pytest.mark.parametrize("value", [2**53, -(2**53), 2.5, -0.5, "1.5", "inf", "nan", 10**400])
def test_other_numbers_are_no_whole_numbers(value):
    with pytest.raises(MisuseError, match="should be a whole number"):
        coerce(1, value, "top")


def test_a_tunable_under_its_old_and_its_new_name_is_refused():
    values = {"growth": 0.1, "floor": 2}
    part = TemperatureTuning()
    assert resolve_tunable_aliases(part, values) == {"attn_scale": 0.1, "floor_scale": 2}
    with pytest.raises(MisuseError, match="'attn_scale' is set twice: 'growth' is its older name"):
        resolve_tunable_aliases(part, {"attn_scale": 1, "growth": 1})


def test_progress_goes_to_the_innermost_listener():
    outer, inner = [], []
    report_progress(1, 2)  # to nobody
    with listen_to_progress(lambda *done: outer.append(done)):
        with listen_to_progress(lambda *done: inner.append(done)):
            report_progress(1, 2)
        report_progress(2, 2)
        with listen_to_progress(None):
            report_progress(3, 3)
    assert (outer, inner) == ([(2, 2)], [(1, 2)])


def test_words_keep_padding_and_predictions_of_their_last_pieces():
    pieces = ("The", "re", "cat", "[PAD]")
    tokens = (*covering("There cat", "The|re|cat"), Token.of("[PAD]"))
    positions = [{"position": n, "tokens": []} for n in (0, 1, 2)]
    amap = replace(
        make_map(pieces),
        queries=tokens,
        keys=tokens,
        meta={"padding": [3], "predictions": {"of": "next", "positions": positions}},
    )
    words = merge_words(amap)
    assert words.query_labels == ("There", "cat", "[PAD]")
    assert words.meta["padding"] == [2]
    shown = [prediction["position"] for prediction in words.meta["predictions"]["positions"]]
    assert shown == [0, 1]


def test_a_map_of_which_nothing_is_selected_is_itself():
    pooled = make_map(meta={"pooled": True})
    assert select_queries_and_keys(pooled) is pooled
    with pytest.raises(MisuseError, match="tokens of a pooled map cannot be selected"):
        select_queries_and_keys(pooled, queries="0")


def test_a_former_name_of_a_field_is_named_with_the_new_one():
    with pytest.raises(RenamedError, match="'causal' of Variant is now 'is_causal'"):
        Variant(name="a", causal=True)
    with pytest.raises(TypeError, match="nothing"):
        Variant(name="a", nothing=True)


def test_several_names_of_mechanisms_are_no_name():
    with pytest.raises(UnknownNameError, match="'dot, hard': it is several; attnviz compare"):
        find_variant("dot, hard")


@pytest.mark.parametrize(
    ("before", "label", "joined"),
    [("cafe", "\u0301", True), ("e", "x", True), ("", "x", False), ("e", "", False)],
)
def test_a_combining_mark_belongs_to_the_character_before_it(before, label, joined):
    assert joins_characters(before, label, None, is_inside=False) is joined


class Difference(Score):
    """A score that is no product of two vectors."""

    name = "difference"
    formula = "q₀ − k₀"

    def __call__(self, inputs):
        return inputs.query[..., :1] - inputs.key[..., :1].swapaxes(1, 2)


def test_a_score_that_is_no_product_is_one_line_with_its_formula():
    row = replace(find_variant("causal"), name="own", score=Difference())
    explained = attnviz.explain("a b c", variant=row, cell=("2", "1"))
    (line,) = (line for line in explained.cell.lines if line.label == "score")
    assert line.pieces == ("q₀ − k₀",)
    steps = {step.name: step.numbers for step in explained.steps}
    assert line.value == pytest.approx(steps["queries"][2][0] - steps["keys"][1][0], abs=1e-6)


def test_weights_that_are_not_finite_are_refused():
    with pytest.raises(NumbersError, match="weights of variant 'matrix-tree' are not finite"):
        attnviz.look("a b c d e f g", variant="matrix-tree", scale="factor(200)")
