"""Fifty ways to write attention: those that are recognized have the right weights."""

import numpy as np
import pytest
import torch
from torch import nn

import attnviz
from tests.with_torch.conftest import largest_difference
from tests.with_torch.idioms import IDIOMS

UNSEEN = ("linear_attention", "scores_in_a_loop_over_keys")


class Attention(nn.Module):
    """A module whose forward pass is one of the idioms."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *tensors):
        return self.function(*tensors)


def run(name):
    shapes, function = IDIOMS[name]
    tensors = [torch.randn(*shape) for shape in shapes]
    module = Attention(function)
    torch.manual_seed(1)
    plain, _ = module(*tensors)
    torch.manual_seed(1)
    with attnviz.watch(module, items=None) as seen:
        output, weights = module(*tensors)
    assert torch.equal(output, plain)
    return seen, weights


@pytest.mark.parametrize("name", [name for name in IDIOMS if name not in UNSEEN])
def test_weights_are_those_that_the_idiom_applies(name):
    seen, weights = run(name)
    (capture,) = seen.captures
    assert largest_difference(capture.kept.weights, weights.detach()) <= 1e-6
    assert (
        capture.kept.visible is None or (capture.kept.weights[~capture_pairs(capture)] == 0).all()
    )
    assert capture.site.module == "Attention"


def capture_pairs(capture):
    return np.broadcast_to(capture.kept.visible, capture.kept.weights.shape)


@pytest.mark.parametrize("name", UNSEEN)
def test_what_is_not_recognized_is_stated(name):
    seen, weights = run(name)
    assert weights is None and not seen.captures
    assert list(seen.unrecorded) == ["Attention"]
    with pytest.raises(attnviz.AttnvizError, match="Attention: no attention was recognized in it"):
        seen.maps()


def test_at_least_45_of_50_are_recognized():
    assert len(IDIOMS) == 50 and len(IDIOMS) - len(UNSEEN) >= 45


class Router(nn.Module):
    """A dense mixture of experts: softmax over the features of a linear layer."""

    def __init__(self):
        super().__init__()
        self.router = nn.Linear(8, 4)
        self.experts = nn.Parameter(torch.randn(4, 8, 8))

    def forward(self, x):
        weights = self.router(x).softmax(-1)
        return torch.einsum(
            "bte,bted->btd", weights, torch.einsum("btd,edf->btef", x, self.experts)
        )


def classifier(x):
    return (x @ nn.Parameter(torch.randn(8, 10))).softmax(-1)


def entropy(x):
    p = nn.functional.linear(x, torch.randn(6, 8)).softmax(-1)
    return -(p * p.log()).sum(-1)


def plain_products(x):
    return (x @ x.transpose(-1, -2) + 1.0) @ x


def soft_embedding(x):
    return nn.functional.linear(x, torch.randn(10, 8)).softmax(-1) @ nn.Parameter(
        torch.randn(10, 8)
    )


@pytest.mark.parametrize(
    "program", [Router(), classifier, entropy, plain_products, soft_embedding], ids=str
)
def test_what_is_no_attention_is_not_recorded(program):
    with attnviz.watch() as seen:
        program(torch.randn(2, 5, 8))
    assert seen.captures == []


def test_a_softmax_that_is_applied_to_no_values_states_so():
    class Similarity(nn.Module):
        def forward(self, image, text):
            return (image @ text.T * 10).softmax(-1)

    with attnviz.watch() as seen:
        Similarity()(torch.randn(3, 8), torch.randn(4, 8))
    (amap,) = seen.maps()
    assert "the program applies it to no values" in amap.meta["guessed"]
    assert amap.weights.shape == (1, 1, 3, 4)


def test_heads_within_the_batch_axis():
    class Flat(nn.Module):
        def forward(self, x):
            x = x.view(2, 5, 4, 2).transpose(1, 2).reshape(8, 5, 2)
            return (x @ x.mT).softmax(-1) @ x

    with attnviz.watch() as seen:
        Flat()(torch.randn(2, 5, 8))
    assert seen.maps()[0].weights.shape == (1, 4, 5, 5)
    assert "2 batch items × 4 heads" in " ".join(seen.maps()[0].meta["guessed"])


def test_several_softmaxes_of_one_module_have_numbers():
    class Two(nn.Module):
        def forward(self, x):
            return (x @ x.mT).softmax(-1) @ x + (x @ x.mT * 2).softmax(-1) @ x

    with attnviz.watch() as seen:
        Two()(torch.randn(1, 2, 5, 8))
    assert [c.site.function for c in seen.captures] == ["softmax", "softmax 2"]


def test_masked_pairs_are_masked_in_the_map():
    x = torch.randn(1, 2, 5, 8)
    allowed = torch.ones(5, 5, dtype=torch.bool).tril()
    for blocking in (-torch.inf, -1e9, -1e4):
        with attnviz.watch() as seen:
            (x @ x.mT).masked_fill(~allowed, blocking).softmax(-1) @ x
        assert (seen.maps()[0].visible[0, 0] == allowed.numpy()).all()


def test_tensors_of_a_program_are_forgotten():
    with attnviz.watch() as seen:
        for _ in range(3):
            x = torch.randn(1, 2, 5, 8)
            (x @ x.mT).softmax(-1) @ x
        del x
        assert not seen.interceptor.handwritten.tags
        assert not seen.interceptor.handwritten.pending
