"""attend with masks as text, with is_causal, and with arrays of other libraries."""

import sys
import types

import numpy as np
import pytest

import attnviz
from attnviz.core.masks import Causal, Window
from attnviz.core.seeded_random import draw_uniform
from attnviz.errors import GrammarError, UnknownParameterError

QUERY, KEY = draw_uniform((2, 5, 3), "query"), draw_uniform((2, 7, 3), "key")
VALUE = draw_uniform((2, 7, 4), "value")


def test_a_mask_as_text_is_that_of_its_parts():
    text = attnviz.attend(KEY, KEY, VALUE, mask="causal & window(4)")
    parts = attnviz.attend(KEY, KEY, VALUE, mask=Causal() & Window(4))
    assert np.array_equal(text.weights, parts.weights)
    assert np.array_equal(text.output, parts.output)
    visible = np.tril(np.ones((7, 7), bool)) & ~np.tril(np.ones((7, 7), bool), -4)
    assert np.array_equal(text.weights != 0, np.broadcast_to(visible, (2, 7, 7)))


def test_tunables_reach_a_mask_as_text():
    narrow = attnviz.attend(KEY, KEY, mask="window(4)", window=2).weights
    assert np.array_equal(narrow, attnviz.attend(KEY, KEY, mask="window(2)").weights)


@pytest.mark.parametrize(("query", "key"), [(KEY, KEY), (QUERY, KEY), (KEY, QUERY)])
def test_is_causal_masks_later_keys_from_the_first_on(query, key):
    """As `scaled_dot_product_attention` states: ones(L, S).tril(diagonal=0)."""
    shape = query.shape[1], key.shape[1]
    expected = attnviz.attend(query, key, mask=np.tril(np.ones(shape, bool)))
    assert np.array_equal(attnviz.attend(query, key, is_causal=True).weights, expected.weights)
    assert not np.array_equal(attnviz.attend(query, key).weights, expected.weights)


def test_all_masks_are_combined():
    rows = np.ones((7, 7), bool)
    rows[:, 3] = False
    parts = {"variant": "sliding-window", "window": 3, "mask": rows, "is_causal": True}
    weights = attnviz.attend(KEY, KEY, **parts).weights
    visible = np.tril(rows) & ~np.tril(np.ones((7, 7), bool), -3)
    assert np.array_equal(weights != 0, np.broadcast_to(visible, weights.shape))


@pytest.mark.parametrize("wrong", [1, "yes", None])
def test_is_causal_is_a_flag(wrong):
    with pytest.raises(UnknownParameterError, match=r"^is_causal=.* should be True or False"):
        attnviz.attend(QUERY, KEY, is_causal=wrong)


def test_a_mask_that_cannot_be_parsed():
    with pytest.raises(GrammarError, match="casual"):
        attnviz.attend(QUERY, KEY, mask="casual")
    with pytest.raises(UnknownParameterError, match=r"^variant=3 should be"):
        attnviz.attend(QUERY, KEY, variant=3, mask="causal")


class Tensor:
    """What a tensor of PyTorch has: it is an array only in host memory and without gradient."""

    def __init__(self, array, device="gpu", has_gradient=True):
        self.array, self.device, self.has_gradient = np.asarray(array), device, has_gradient
        self.dtype, self.shape = self.array.dtype, self.array.shape

    def detach(self):
        return Tensor(self.array, self.device, False)

    def cpu(self):
        return Tensor(self.array, "cpu", self.has_gradient)

    def to(self, target):
        is_device = isinstance(target, str)
        array = self.array if is_device else self.array.astype(target)
        return Tensor(array, target if is_device else self.device, self.has_gradient)

    def is_floating_point(self):
        return self.dtype.kind == "f"

    def __array__(self, dtype=None, copy=None):
        if self.device != "cpu" or self.has_gradient:
            raise RuntimeError("call detach and cpu first")
        return np.array(self.array, dtype=dtype)


@pytest.fixture
def tensors(monkeypatch):
    """A module `torch` with such tensors."""
    module = types.ModuleType("torch")
    module.from_numpy = lambda array: Tensor(array, "cpu", False)
    monkeypatch.setitem(sys.modules, "torch", module)
    monkeypatch.setattr(Tensor, "__module__", "torch")


@pytest.mark.usefixtures("tensors")
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_results_of_tensors_are_tensors_like_the_queries(dtype):
    arrays = [array.astype(dtype) for array in (QUERY, KEY, VALUE)]
    bias = draw_uniform((5, 7), "bias").astype(dtype)
    result = attnviz.attend(*map(Tensor, arrays), bias=Tensor(bias))
    expected = attnviz.attend(*arrays, bias=bias)
    for tensor, array in zip(result, expected, strict=True):
        assert isinstance(tensor, Tensor)
        assert (tensor.device, tensor.has_gradient) == ("gpu", False)
        assert np.array_equal(tensor.array, array.astype(dtype))
    assert attnviz.attend(Tensor(QUERY), Tensor(KEY)).output is None


@pytest.mark.usefixtures("tensors")
def test_whole_numbers_of_tensors_do_not_truncate_the_weights():
    result = attnviz.attend(Tensor(np.eye(2, dtype=int)), Tensor(np.eye(2, dtype=int)))
    assert result.weights.dtype == np.float64


@pytest.mark.usefixtures("tensors")
def test_keys_and_masks_may_be_tensors_of_an_array():
    mask = np.tril(np.ones((5, 7), bool))
    result = attnviz.attend(QUERY, Tensor(KEY), mask=Tensor(mask))
    assert isinstance(result.weights, np.ndarray)
    assert np.array_equal(result.weights, attnviz.attend(QUERY, KEY, mask=mask).weights)
