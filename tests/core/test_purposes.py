"""What the purpose of a row promises, measured on untrained layers of 50 seeds."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from attnviz.core.engine.attend import attend, init_params
from attnviz.core.inputs import Sizes
from attnviz.core.numerics import softplus
from attnviz.core.seeded_random import draw_uniform
from attnviz.core.variants import VARIANTS, find_variant

SEEDS = range(50)
SIZES = Sizes(d=8, d_model=8, n_head=2, n_query=9, n_key=9)


def vectors(role, seed, n=9):
    return draw_uniform((2, n, 8), "purposes", role, seed)


def maps(name, **learned):
    """Query, key and weights of each seed."""
    for seed in SEEDS:
        query, key = vectors("query", seed), vectors("key", seed)
        yield query, key, attend(query, key, variant=name, seed=seed, learned=learned).weights


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def normed(x):
    return (x - x.mean(-1, keepdims=True)) / x.std(-1, keepdims=True)


def rms(x):
    return x / np.sqrt((x**2).mean(-1, keepdims=True))


def best_key_is_in_front(name, similar, **learned):
    """Whether in every row the visible key of the largest similarity has the largest weight."""
    causal = find_variant(name).is_causal
    for query, key, weights in maps(name, **learned):
        scores = similar(query) @ similar(key).swapaxes(1, 2)
        if causal:
            scores = np.where(np.tri(9, dtype=bool), scores, -np.inf)
        if not np.array_equal(scores.argmax(-1), weights.argmax(-1)):
            return False
    return True


SIMILARITY = {
    "dot": np.asarray,
    "scaled-dot": np.asarray,
    "scaled-luong": np.asarray,
    "scalable-softmax": np.asarray,
    "temperature": np.asarray,
    "growing-temperature": np.asarray,
    "softcap": np.asarray,
    "mup": np.asarray,
    "cosine": unit,
    "query-key-norm": unit,
    "scaled-cosine": unit,
    "key-strength": unit,
    "qk-layernorm": normed,
    "qk-rmsnorm": rms,
}


@pytest.mark.parametrize("name", SIMILARITY)
def test_the_most_similar_key_has_the_largest_weight(name):
    assert best_key_is_in_front(name, SIMILARITY[name])


@pytest.mark.parametrize(
    ("name", "gain"), [("scalable-softmax", "s_scalable"), ("scaled-luong", "g_gain")]
)
def test_a_negative_gain_gives_the_least_similar_key_the_largest_weight(name, gain):
    assert not best_key_is_in_front(name, np.asarray, **{gain: -1.0})


# Scalars without a stated start: they pass a softplus, exponential or sigmoid, or are biases.
ANY_SIGN = {
    "price_log", "pace_log", "price_power", "power_power", "b_forget", "b_reflect", "b_sink",
    "b_worth", "z_span", "c_fire",
}  # fmt: skip


def test_a_learned_factor_does_not_start_around_zero():
    scalars = {
        name
        for row in VARIANTS.values()
        for name, shape in row.param_shapes(SIZES).items()
        if shape == () and name not in row.initial_params(SIZES)
    }
    assert scalars == ANY_SIGN


@pytest.mark.parametrize("row", list(VARIANTS.values()), ids=lambda row: row.name)
def test_a_stated_start_is_that_of_a_parameter(row):
    assert row.initial_params(SIZES).keys() <= row.param_shapes(SIZES).keys()


STARTS = {
    "rebased": {"gamma_query": 1, "gamma_key": 1, "beta_query": 0, "beta_key": 0},
    "symmetric": {"d_symmetric": 1},
    "fire": {"pace_fire": 0.1, "threshold_fire": 1},
    "cope": {"e_contextual": 0},
    "monotonic": {"b_monotonic": -4},
    "mocha": {"b_monotonic": -4},
    "milk": {"b_monotonic": -4},
    "scaled-cosine": {"t_temperature": np.log(0.1)},
    "query-key-norm": {"g_length": np.log2(32 * 31)},
    "scalable-softmax": {"s_scalable": 0.43},
}


@pytest.mark.parametrize("name", STARTS)
def test_parameters_start_where_the_source_starts(name):
    params = init_params(find_variant(name), SIZES, {}, 5, np.float64)
    for parameter, value in STARTS[name].items():
        assert_array_equal(params[parameter], np.full_like(params[parameter], value))


RATES = {"gated-delta": "decay", "kda": "decay", "mamba-2": "step"}


@pytest.mark.parametrize("name", RATES)
def test_decay_rates_and_steps_start_in_the_range_of_mamba_2(name):
    rate, step = [], []
    for seed in SEEDS:
        params = init_params(find_variant(name), SIZES, {}, seed, np.float64)
        rate.extend(np.exp(params["rate_decay" if RATES[name] == "decay" else "log_rate"]))
        step.extend(softplus(params[f"b_{RATES[name]}"]).ravel())
    assert 1 <= min(rate) < max(rate) <= 16
    assert max(rate) - min(rate) > 10
    assert 1e-3 <= min(step) < 0.01 < max(step) <= 0.1 + 1e-12


def test_the_kernel_of_multi_token_attention_starts_as_the_identity():
    query, key = vectors("query", 0), vectors("key", 0)
    mixed = attend(query, key, variant="multi-token", learned={"mix_group": np.eye(2)})
    assert np.allclose(mixed.weights, attend(query, key, variant="nope").weights)


def test_the_phases_of_pope_start_within_their_range():
    params_of_seeds = [init_params(find_variant("pope"), SIZES, {}, s, np.float64) for s in SEEDS]
    phases = np.stack([params["phase_polar"] for params in params_of_seeds])
    assert -2 * np.pi <= phases.min() < -6
    assert -0.2 < phases.max() <= 0


SPARSE = [
    row
    for row in VARIANTS.values()
    if "sparse" in row.purpose.lower() and row.mixer is None and row.bias == ()
]


@pytest.mark.parametrize("row", SPARSE, ids=lambda row: row.name)
def test_a_sparse_row_has_weights_of_exactly_0(row):
    causal = np.tri(9, dtype=bool) if row.is_causal else np.ones((9, 9), dtype=bool)
    zeros = [(weights[:, causal] == 0).mean() for _, _, weights in maps(row.name)]
    assert np.mean(zeros) > 0.1


def test_the_rows_called_sparse_are_found_and_softmax_is_none():
    assert {"sparsemax", "entmax15", "normmax", "rectified", "squared-relu"} <= {
        row.name for row in SPARSE
    }
    assert all((weights > 0).all() for _, _, weights in maps("scaled-dot"))


@pytest.mark.parametrize("name", ["alibi", "kerple-log", "kerple-power", "forgetting"])
def test_equal_scores_decay_with_distance(name):
    for seed in SEEDS:
        nothing, key = np.zeros((2, 9, 8)), vectors("key", seed)
        weights = attend(nothing, key, variant=name, seed=seed).weights
        assert (np.diff(weights[:, -1]) > 0).all()


@pytest.mark.parametrize("name", ["monotonic", "stepwise"])
def test_the_alignment_never_moves_back(name):
    """The weight up to a key falls from query to query."""
    for _, _, weights in maps(name):
        assert (np.diff(weights.cumsum(-1), axis=1) <= 1e-12).all()


def test_softmax_moves_back():
    moves = [np.diff(w.cumsum(-1), axis=1).max() for _, _, w in maps("scaled-dot")]
    assert max(moves) > 0.1
