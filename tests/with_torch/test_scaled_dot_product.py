"""F.scaled_dot_product_attention: masks, alignment, scale, shared heads, in every combination."""

import itertools

import pytest
import torch
from torch.nn import functional

import attnviz
from tests.with_torch.conftest import largest_difference

N_QUERY, N_KEY = 5, 7


def by_hand(query, key, mask=None, is_causal=False, scale=None):
    """The weights, as the documentation of the function writes them."""
    key = key.repeat_interleave(query.shape[-3] // key.shape[-3], -3)
    scores = query @ key.transpose(-2, -1) * (query.shape[-1] ** -0.5 if scale is None else scale)
    if is_causal:
        allowed = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
        scores = scores.masked_fill(~allowed, -torch.inf)
    if mask is not None:
        scores = (
            scores.masked_fill(~mask, -torch.inf) if mask.dtype == torch.bool else (scores + mask)
        )
    return torch.softmax(scores, -1).nan_to_num(0.0)


def boolean_mask(*shape):
    mask = torch.rand(*shape) > 0.4
    mask[..., 0] = True
    return mask


MASKS = {
    "none": lambda: None,
    "bool [q, k]": lambda: boolean_mask(N_QUERY, N_KEY),
    "bool [b, 1, q, k]": lambda: boolean_mask(3, 1, N_QUERY, N_KEY),
    "bool [b, 1, 1, k]": lambda: boolean_mask(3, 1, 1, N_KEY),
    "bool [b, h, q, k]": lambda: boolean_mask(3, 4, N_QUERY, N_KEY),
    "bool with an empty row": lambda: torch.arange(N_QUERY)[:, None] > torch.zeros(N_KEY),
    "additive [h, q, k]": lambda: torch.randn(4, N_QUERY, N_KEY),
    "additive with -inf": lambda: torch.zeros(N_QUERY, N_KEY).masked_fill(
        ~boolean_mask(N_QUERY, N_KEY), -torch.inf
    ),
    "additive with the least number": lambda: torch.zeros(3, 1, 1, N_KEY).masked_fill(
        ~boolean_mask(3, 1, 1, N_KEY), torch.finfo(torch.float32).min
    ),
}


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("kv_heads", [4, 2, 1])
@pytest.mark.parametrize("scale", [None, 0.3])
def test_weights_equal_the_formula(mask, kv_heads, scale):
    query = torch.randn(3, 4, N_QUERY, 8, requires_grad=True)
    key, value = torch.randn(2, 3, kv_heads, N_KEY, 8)
    given = MASKS[mask]()
    arguments = {"attn_mask": given, "scale": scale, "enable_gqa": kv_heads < 4}
    plain = functional.scaled_dot_product_attention(query, key, value, **arguments)
    with attnviz.watch(items=None) as seen:
        output = functional.scaled_dot_product_attention(query, key, value, **arguments)
    assert torch.equal(output, plain) and output.requires_grad
    expected = by_hand(query.detach(), key, given, scale=scale)
    for item in range(3):
        (amap,) = seen.maps(item=item)
        assert largest_difference(amap.weights[0], expected[item]) <= 1e-6
        if amap.masked is not None:
            assert (amap.weights[amap.masked] == 0).all()
        if given is not None and given.dtype == torch.bool:
            pairs = given.expand(3, 4, N_QUERY, N_KEY)[item]
            assert (amap.visible[0] == pairs.numpy()).all()


@pytest.mark.parametrize(("n_query", "n_key"), [(5, 7), (7, 5), (6, 6)])
def test_the_causal_mask_begins_at_the_first_query_and_key(n_query, n_key):
    query, (key, value) = torch.randn(1, 2, n_query, 8), torch.randn(2, 1, 2, n_key, 8)
    with attnviz.watch() as seen:
        output = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
    (amap,) = seen.maps()
    weights = torch.tensor(amap.weights[0])
    assert largest_difference(weights, by_hand(query, key, is_causal=True)[0]) <= 1e-6
    assert largest_difference(weights @ value[0], output[0]) <= 1e-5


@pytest.mark.parametrize("align", ["causal_upper_left", "causal_lower_right"])
def test_causal_biases_of_pytorch(align):
    from torch.nn.attention import bias

    query, (key, value) = torch.randn(1, 2, 3, 8), torch.randn(2, 1, 2, 5, 8)
    mask = getattr(bias, align)(3, 5)
    with attnviz.watch() as seen:
        output = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    (amap,) = seen.maps()
    assert largest_difference(torch.tensor(amap.weights[0]) @ value[0], output[0]) <= 1e-5


LEADING = [(), (6,), (2, 3), (2, 2, 3), (2, 1, 2, 3)]


@pytest.mark.parametrize(("leading", "has_mask"), [*itertools.product(LEADING, [False, True])])
def test_any_number_of_leading_axes(leading, has_mask):
    query, key, value = torch.randn(3, *leading, 5, 8)
    mask = boolean_mask(*leading, 5, 5) if has_mask else None
    with attnviz.watch(items=None) as seen:
        output = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    (capture,) = seen.captures
    weights = torch.tensor(capture.kept.weights).reshape(*leading, 5, 5)
    assert largest_difference(weights @ value, output) <= 1e-5
    assert capture.n_head == (leading[-1] if len(leading) > 1 else 1)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_other_types_are_computed_in_float32_at_least(dtype):
    query, key, value = torch.randn(3, 1, 2, 5, 8).to(dtype)
    with attnviz.watch() as seen:
        functional.scaled_dot_product_attention(query, key, value)
    (amap,) = seen.maps()
    assert largest_difference(amap.weights[0], by_hand(query.float(), key.float())[0]) <= 1e-6
    assert str(dtype).removeprefix("torch.") in amap.meta["algebra"]


def test_dropout_is_stated_and_its_random_numbers_are_unchanged():
    query, key, value = torch.randn(3, 1, 2, 5, 8)
    torch.manual_seed(3)
    plain = functional.scaled_dot_product_attention(query, key, value, dropout_p=0.5)
    torch.manual_seed(3)
    with attnviz.watch() as seen:
        output = functional.scaled_dot_product_attention(query, key, value, dropout_p=0.5)
    assert torch.equal(output, plain)
    (amap,) = seen.maps()
    assert "before dropout 0.5" in amap.meta["algebra"]
    assert largest_difference(amap.weights[0], by_hand(query, key)[0]) <= 1e-6


def test_nested_tensors_are_refused_by_name():
    items = torch.nested.nested_tensor([torch.randn(2, 3, 8), torch.randn(2, 5, 8)])
    items = items.transpose(1, 2).transpose(1, 2)
    with attnviz.watch() as seen:
        functional.scaled_dot_product_attention(items, items, items)
    with pytest.raises(attnviz.AttnvizError, match="nested tensors are not supported"):
        seen.maps()


def test_rows_are_computed_in_blocks(monkeypatch):
    from attnviz.sources.watch import attention_call

    monkeypatch.setattr(attention_call, "BLOCK_SIZE", 4 * 7 * 2)
    query, (key, value) = torch.randn(3, 4, 5, 8), torch.randn(2, 3, 4, 7, 8)
    mask = boolean_mask(3, 1, 5, 7)
    with attnviz.watch(items=None, with_vectors=True) as seen:
        functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    (amap,) = seen.maps(item=2)
    assert largest_difference(amap.weights[0], by_hand(query, key, mask)[2]) <= 1e-6
    assert (amap.visible[0] == mask[2].expand(4, 5, 7).numpy()).all()
    assert largest_difference(amap.query_vectors[0], query[2]) == 0
    assert largest_difference(amap.key_vectors[0], key[2]) == 0
