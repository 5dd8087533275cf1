"""Values that a mechanism computes itself: from latents (MLA) and from factors (TPA)."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import attnviz
from attnviz.core.engine.collectors import run_unrecorded
from attnviz.core.inputs import Sizes
from attnviz.core.seeded_random import draw_weights
from attnviz.core.variants import VARIANTS
from attnviz.sources.forward_pass import build_forward_pass

TEXT = "the cat sat on the mat"
SIZES = Sizes(d=8, d_model=32, n_head=4, n_query=6, n_key=6)
COMPUTED = {"latent", "latent-nope", "kimi-hybrid", "tensor-product"}


def calls(name, layers=2):
    found = []

    def attend(call):
        found.append(call)
        return run_unrecorded(call)

    build_forward_pass(TEXT, None, variant=name, layers=layers).run(attend)
    return found


def matrices(name, shape, layer, n_head=4):
    return [draw_weights(shape, 0, name, layer, head) for head in range(n_head)]


def rms(x):
    return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + 1e-6)


def test_the_rows_that_compute_values():
    mechanisms = {row.name: row.layers or (row,) for row in VARIANTS.values()}
    found = {
        name
        for name, layers in mechanisms.items()
        if any(layer.score.value_shapes(SIZES) for layer in layers)
    }
    assert found == COMPUTED


@pytest.mark.parametrize("name", ["latent", "latent-nope"])
def test_values_of_mla_come_from_the_latent_of_the_keys(name):
    for layer, call in enumerate(calls(name)):
        x = call.inputs.key_input
        latent = rms(x @ call.inputs.params["w_latent"][0].T)
        for head, matrix in enumerate(matrices("v_latent", (8, 8), layer)):
            assert_allclose(call.value[head], latent @ matrix.T, atol=1e-12)
        assert call.formulas["v"] == "V c"


def test_values_of_tensor_product_attention_are_sums_of_factors():
    (call,) = calls("tensor-product", layers=1)
    x = call.inputs.key_input
    shared = matrices("b_value", (2 * 8, 32), 0)[0]
    for head, factors in enumerate(matrices("a_value", (2, 32), 0)):
        for j, token in enumerate(x):
            a, b = factors @ token, (shared @ token).reshape(2, 8)
            assert_allclose(call.value[head, j], (a[0] * b[0] + a[1] * b[1]) / 2, atol=1e-12)


def test_other_values_are_projected():
    (call,) = calls("multihead", layers=1)
    x = call.inputs.key_input
    for head, matrix in enumerate(matrices("w_value", (8, 32), 0)):
        assert_allclose(call.value[head], x @ matrix.T, atol=1e-12)
    assert call.formulas["v"] == "x W_V"


def test_values_that_are_given_stay():
    query, value = np.ones((1, 3, 8)), np.eye(3)[None]
    made = attnviz.attend(query, query, value, variant="latent")
    assert_allclose(made.output, made.weights)


def test_explain_states_how_values_are_computed():
    steps = {step.name: step for step in attnviz.explain(TEXT, variant="latent").steps}
    assert steps["values"].formula == "v = V c"
