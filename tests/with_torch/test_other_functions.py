"""flex_attention, flash_attn_func and memory_efficient_attention; what torch.compile hides."""

import sys
from types import ModuleType

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.nn.attention import flex_attention as flex

import attnviz
from tests.with_torch.conftest import largest_difference

N, D = 16, 8


def score_mods():
    bias = torch.randn(4, 2 * N)
    return {
        "none": None,
        "distance": lambda score, b, h, q, k: score - 0.1 * (h + 1) * (q - k).abs(),
        "a table": lambda score, b, h, q, k: score + bias[h, q - k + N],
        "soft cap": lambda score, b, h, q, k: 2 * torch.tanh(score / 2),
    }


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", score_mods())
@pytest.mark.parametrize("masked", [False, True])
def test_flex_attention(name, masked):
    score_mod = score_mods()[name]
    query, (key, value) = torch.randn(2, 4, N, D), torch.randn(2, 2, 2, N, D)
    mask = None
    if masked:
        mask = flex.create_block_mask(
            lambda b, h, q, k: (q >= k) & (k > b), 2, None, N, N, device="cpu"
        )
    arguments = {"score_mod": score_mod, "block_mask": mask, "enable_gqa": True}
    plain = flex.flex_attention(query, key, value, **arguments)
    original = flex.flex_attention
    with attnviz.watch(items=None) as seen:
        output = flex.flex_attention(query, key, value, **arguments)
    assert flex.flex_attention is original
    assert torch.equal(output, plain)
    assert seen.unrecorded == {}
    for item in range(2):
        (amap,) = seen.maps(item=item)
        weights = torch.tensor(amap.weights[0])
        product = weights @ value[item].repeat_interleave(2, 0)
        assert largest_difference(product, output[item]) <= 1e-5
        if masked:
            allowed = torch.ones(N, N).tril().bool() & (torch.arange(N) > item)
            assert (amap.visible[0, 0] == allowed.numpy()).all()


def fake_package(monkeypatch, name, function):
    """A module of this name, as the package would be imported; it needs a GPU."""
    module = ModuleType(name)
    setattr(module, function.__name__, function)
    monkeypatch.setitem(sys.modules, name, module)
    return module


def test_flash_attention_when_it_is_imported(monkeypatch):
    def flash_attn_func(q, k, v, dropout_p=0.0, softmax_scale=None, causal=False, **others):
        n = k.shape[1] - q.shape[1]
        allowed = torch.ones(q.shape[1], k.shape[1], dtype=torch.bool).tril(n)
        q, k, v = (t.transpose(1, 2) for t in (q, k, v))
        k, v = (t.repeat_interleave(q.shape[1] // k.shape[1], 1) for t in (k, v))
        out = functional.scaled_dot_product_attention(q, k, v, attn_mask=allowed)
        return out.transpose(1, 2)

    query, (key, value) = torch.randn(1, 3, 4, D), torch.randn(2, 1, 5, 2, D)
    with attnviz.watch() as seen:
        module = fake_package(monkeypatch, "flash_attn.flash_attn_interface", flash_attn_func)
        nn.Identity()(query)  # the next call of a module finds the package
        output = module.flash_attn_func(query, key, value, causal=True)
    assert module.flash_attn_func is flash_attn_func
    (capture,) = seen.captures
    assert capture.site.function == "flash_attn_func"
    weights = torch.tensor(seen.maps()[0].weights[0])
    product = weights @ value[0].transpose(0, 1).repeat_interleave(2, 0)
    assert largest_difference(product.transpose(0, 1), output[0]) <= 1e-5
    assert seen.maps()[0].masked[0, 0].sum() == 2 + 1


def test_windows_and_slopes_of_flash_attention():
    from attnviz.sources.watch.attention_call import compute_block
    from attnviz.sources.watch.functions import flash_attention_call

    query, (key, value) = torch.randn(1, 6, 2, D), torch.randn(2, 1, 6, 2, D)
    slopes = torch.tensor([0.5, 0.25])
    call = flash_attention_call(
        query, key, value, causal=True, window_size=(2, 0), softcap=3.0, alibi_slopes=slopes
    )
    weights, visible = compute_block(call, [0], [0, 1], [3, 4])
    scores = torch.einsum("qhd,khd->hqk", query[0], key[0]) * D**-0.5
    distance = torch.arange(6)[:, None] - torch.arange(6)
    scores = 3 * torch.tanh(scores / 3) - slopes[:, None, None] * distance.abs()
    allowed = (distance >= 0) & (distance <= 2)
    expected = scores.masked_fill(~allowed, -torch.inf).softmax(-1)[:, 3:5]
    assert largest_difference(weights[0], expected) <= 1e-6
    assert (visible[0, 0] == allowed[3:5]).all()


def test_memory_efficient_attention_when_it_is_imported(monkeypatch):
    def memory_efficient_attention(query, key, value, attn_bias=None, p=0.0, scale=None):
        bias = 0.0 if attn_bias is None else attn_bias
        weights = (torch.einsum("bqhd,bkhd->bhqk", query, key) * D**-0.5 + bias).softmax(-1)
        return torch.einsum("bhqk,bkhd->bqhd", weights, value)

    module = fake_package(monkeypatch, "xformers.ops", memory_efficient_attention)
    query, (key, value) = torch.randn(1, 3, 4, D), torch.randn(2, 1, 5, 4, D)
    bias = torch.randn(1, 4, 3, 5)
    with attnviz.watch() as seen:
        output = module.memory_efficient_attention(query, key, value, attn_bias=bias)
    (amap,) = seen.maps()
    assert "memory_efficient_attention" in amap.meta["algebra"]
    product = torch.tensor(amap.weights[0]) @ value[0].transpose(0, 1)
    assert largest_difference(product.transpose(0, 1), output[0]) <= 1e-5


class Block(nn.Module):
    def forward(self, x):
        return functional.scaled_dot_product_attention(x, x, x)


@pytest.mark.filterwarnings("ignore")
def test_a_compiled_module_is_stated():
    block, x = torch.compile(Block(), backend="aot_eager"), torch.randn(1, 2, 5, D)
    plain = block(x)
    for _ in range(2):
        with attnviz.watch() as seen:
            assert torch.equal(block(x), plain)
        assert not seen.captures
        with pytest.raises(attnviz.AttnvizError, match=r"compiled by torch.compile"):
            seen.maps()


@pytest.mark.filterwarnings("ignore")
def test_a_compiled_function_is_stated_beside_what_is_recorded():
    @torch.compile(backend="aot_eager")
    def attend(x):
        return (x @ x.mT).softmax(-1) @ x

    x = torch.randn(1, 2, 5, D)
    plain = attend(x)
    with attnviz.watch() as seen:
        assert torch.equal(attend(x), plain)
        Block()(x)
    assert len(seen.captures) == 1
    assert "compiled by torch.compile" in seen.unrecorded["outside of any module"]
    with attnviz.watch() as seen:
        attend(x)
    with pytest.raises(attnviz.AttnvizError, match=r"in part compiled by torch.compile"):
        seen.maps()
