"""Properties that the sources of some rows state, beyond the comparison with their oracles."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import attnviz
from attnviz.core.engine.attend import attend, init_params
from attnviz.core.engine.attention import compute_weights
from attnviz.core.heads.differential import Differential, lambda_init
from attnviz.core.inputs import Sizes
from attnviz.core.normalizers.key_selection import first_top_k_mask, top_k_mask
from attnviz.core.seeded_random import draw_uniform
from attnviz.core.variants import VARIANTS, find_variant
from tests.core.layers import make_layer

SIZES = Sizes(d=8, d_model=8, n_head=2, n_query=9, n_key=9)
TEXT = "the cat sat on the mat and the dog lay by the door"


@pytest.mark.parametrize("top", [1, 3, 5])
def test_the_indexer_takes_exactly_k_keys(top):
    """Most index scores are 0 by their relu, and repeated words are equal."""
    for seed in range(20):
        amap = attnviz.look(TEXT, variant="indexed", seed=seed, tunables={"top": top})
        counts = (np.asarray(amap.weights)[0, 0] > 0).sum(-1)
        assert_array_equal(counts, np.minimum(np.arange(1, len(counts) + 1), top))


def test_of_equal_scores_the_first_keys_are_taken():
    scores = np.array([[0.0, 1.0, 0.0, 0.0, 2.0]])
    visible = np.array([[False, True, True, True, True]])
    assert first_top_k_mask(scores, visible, 3).tolist() == [[False, True, True, False, True]]
    assert first_top_k_mask(scores, visible, 9).tolist() == visible.tolist()
    assert top_k_mask(scores, visible, 3).sum() == 4, "the other form keeps ties"


def test_moba_takes_exactly_its_blocks_among_equal_ones():
    query, key = np.ones((1, 8, 4)), np.ones((1, 8, 4))
    weights = attend(query, key, variant="moba").weights
    assert_array_equal((weights[0, -1] > 0), [True, True, False, False, False, False, True, True])


def test_the_first_token_of_tupe_is_untied_from_positions():
    variant, inputs = make_layer(find_variant("tupe"), n_query=7)
    inputs = replace(inputs, query=np.zeros_like(inputs.query))
    stages = {}
    compute_weights(variant, inputs, lambda stage, array: stages.update({stage: array}))
    scores = stages["scores"]
    assert_allclose(scores[:, 0], scores[:, :1, 0] * np.ones(7))
    assert_allclose(scores[:, 1:, 0], scores[:, 1:2, 0] * np.ones(6))
    assert not np.allclose(scores[:, 1:, 1], scores[:, 1:2, 1] * np.ones(6))


SHARED = {"t5": {"bucket_bias"}, "tupe": {"p_untied", "w_untied", "u_untied"}}


@pytest.mark.parametrize("row", list(VARIANTS.values()), ids=lambda row: row.name)
def test_layers_share_the_parameters_that_their_source_shares(row):
    assert row.layer_shared == SHARED.get(row.name, set())
    first, second = (init_params(row, SIZES, {}, 0, np.float64, layer) for layer in (0, 1))
    for name in row.param_shapes(SIZES).keys() - row.initial_params(SIZES).keys():
        assert np.array_equal(first[name], second[name]) == (name in row.layer_shared)


def test_llama_3_scales_a_base_of_500000():
    assert find_variant("rope-llama3").position.base == 500000.0


def test_dynamic_rope_stretches_by_the_ratio_of_lengths():
    rope = find_variant("rope-dynamic").position
    base = 10000.0 * (8 / 4) ** (16 / 14)
    assert_allclose(rope.frequencies(16, 8), base ** (-np.arange(0, 16, 2) / 16))
    assert_allclose(rope.frequencies(16, 4), 10000.0 ** (-np.arange(0, 16, 2) / 16))


def test_the_skip_of_mamba_2_adds_to_the_diagonal():
    query, key = draw_uniform((2, 5, 6), "q"), draw_uniform((2, 5, 6), "k")
    one, three = (
        attend(query, key, variant="mamba-2", learned={"d_skip": skip}).weights
        for skip in (1.0, 3.0)
    )
    assert_allclose(three - one, np.broadcast_to(2.0 * np.eye(5), (2, 5, 5)), atol=1e-12)


def test_log_cpb_is_between_0_and_16_and_one_network_serves_all_heads():
    row = find_variant("log-cpb")
    variant, inputs = make_layer(row, n_query=7)
    inputs = replace(inputs, query=np.zeros_like(inputs.query))
    stages = {}
    compute_weights(variant, inputs, lambda stage, array: stages.update({stage: array}))
    logits = stages["logits"]
    assert (logits > 0).all() and (logits < 16).all()
    changed = {**inputs.params, "w_log_distance": inputs.params["w_log_distance"].copy()}
    changed["w_log_distance"][1] += 1.0  # the second head's hidden layer is not used
    again = compute_weights(variant, replace(inputs, params=changed)).weights
    assert_array_equal(again, compute_weights(variant, inputs).weights)


def test_a_differential_output_has_the_norm_that_its_layer_states():
    output = draw_uniform((3, 5, 8), "output") * 7.0
    for layer in range(3):
        normed = Differential().normalize_output(output, layer)
        size = np.sqrt((normed**2).mean(-1))
        assert_allclose(size, 1 - lambda_init(layer), rtol=1e-5)
    assert_array_equal(find_variant("multihead").heads.normalize_output(output, 0), output)


def test_the_scale_of_a_differential_output_reaches_the_next_layer_normed():
    """Without the norm, values of another size would change the second layer's map."""
    amap = attnviz.look(TEXT, variant="differential", layers=2)
    assert np.isfinite(np.asarray(amap.weights)).all()
    row = find_variant("differential")
    plain = replace(row, heads=PlainDifferential(heads=4))
    other = attnviz.look(TEXT, variant=plain, layers=2)
    assert_array_equal(np.asarray(amap.weights)[0], np.asarray(other.weights)[0])
    assert not np.allclose(np.asarray(amap.weights)[1], np.asarray(other.weights)[1])


class PlainDifferential(Differential):
    """Differential heads without the norm of their output."""

    def normalize_output(self, output, layer):
        return output


def test_the_latents_of_mla_are_normed():
    """Inputs of twice the size leave the compressed queries and keys as they are."""
    variant, inputs = make_layer(find_variant("latent"), n_query=7)
    learned = {**inputs.params, "w_key_turned": 0.0 * inputs.params["w_key_turned"]}
    inputs = replace(inputs, params=learned)
    twice = replace(inputs, query_input=2.0 * inputs.query_input, key_input=2.0 * inputs.key_input)
    weights = compute_weights(variant, inputs).weights
    assert_allclose(compute_weights(variant, twice).weights, weights, atol=1e-5)


def test_tensor_product_scores_depend_on_relative_positions():
    """The same token everywhere: without RoPE all scores would be equal."""
    variant, inputs = make_layer(find_variant("tensor-product"), n_query=7)
    same = np.ones_like(inputs.key_input)
    stages = {}
    compute_weights(
        variant,
        replace(inputs, query_input=same, key_input=same),
        lambda stage, array: stages.update({stage: array}),
    )
    scores = stages["scores"]
    assert_allclose(scores[:, 1:, 1:], scores[:, :-1, :-1], atol=1e-12)
    assert np.abs(scores[:, -1, 0] - scores[:, -1, -1]).min() > 1e-3


def test_ntk_scaling_keeps_the_highest_frequency_and_divides_the_lowest():
    rope = find_variant("rope-ntk").position
    plain = 10000.0 ** (-np.arange(0, 16, 2) / 16)
    scaled = rope.frequencies(16, 9)
    assert scaled[0] == plain[0]
    assert_allclose(scaled[-1], plain[-1] / rope.factor)


def test_p_rope_does_not_rotate_the_lowest_frequencies():
    rope = find_variant("rope-p").position
    plain = 10000.0 ** (-np.arange(0, 16, 2) / 16)
    assert_allclose(rope.frequencies(16, 9), np.where(np.arange(8) < 6, plain, 0.0))
    whole = replace(rope, proportion=1.0)
    assert_allclose(whole.frequencies(16, 9), plain)


def ranks_alike(name):
    """Whether all queries rank the keys alike."""
    query, key = draw_uniform((2, 9, 6), "nodes"), draw_uniform((2, 9, 6), "neighbours")
    order = attend(query, key, variant=name).weights.argsort(-1)
    return bool((order == order[:, :1]).all())


def test_gat_ranks_keys_alike_for_all_queries_and_gatv2_does_not():
    assert ranks_alike("gat")
    assert not ranks_alike("gatv2")


def test_a_gate_takes_weight_from_a_row_and_leaves_its_proportions():
    query, key = draw_uniform((2, 5, 6), "q"), draw_uniform((2, 5, 6), "k")
    gated = attend(query, key, variant="gated").weights
    assert (gated.sum(-1) < 1).all()
    plain = attend(query, key, variant="gated", learned={"w_output_gate": np.zeros(6)}).weights
    assert_allclose(gated / gated.sum(-1, keepdims=True), 2.0 * plain, atol=1e-12)


def test_differential_v2_pairs_share_keys_and_values():
    plan = find_variant("differential-v2").heads
    assert (plan.n_query_head, plan.n_kv_head, plan.n_head) == (8, 4, 4)
    row = attnviz.look(TEXT, variant="differential-v2", layers=2)
    assert np.asarray(row.weights).shape[:2] == (2, 4)


def test_query_to_context_is_one_row():
    query, key = draw_uniform((2, 5, 6), "q"), draw_uniform((2, 7, 6), "k")
    weights = attend(query, key, variant="query-to-context").weights
    assert_array_equal(weights, np.broadcast_to(weights[:, :1], weights.shape))
    assert_allclose(weights.sum(-1), 1.0)
