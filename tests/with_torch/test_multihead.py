"""nn.MultiheadAttention and nn.Transformer in every mode: equal weights, unchanged outputs."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn

import attnviz
from tests.with_torch.conftest import largest_difference

N_QUERY, N_KEY, D = 5, 7, 16

OPTIONS = [
    {},
    {"bias": False},
    {"add_bias_kv": True},
    {"add_zero_attn": True},
    {"add_bias_kv": True, "add_zero_attn": True},
    {"kdim": 6, "vdim": 10},
    {"dropout": 0.3},
]


def inputs(module, batched):
    query = torch.randn(3, N_QUERY, D)
    key = torch.randn(3, N_KEY, module.kdim)
    value = torch.randn(3, N_KEY, module.vdim)
    if not batched:
        return query[0], key[0], value[0]
    if module.batch_first:
        return query, key, value
    return tuple(t.transpose(0, 1) for t in (query, key, value))


def masks(kind, batched):
    padding = torch.zeros(3, N_KEY, dtype=torch.bool)
    padding[1, 4:] = True
    pairs = torch.rand(N_QUERY, N_KEY) > 0.7
    pairs[:, 0] = False
    of_heads = torch.rand((3 if batched else 1) * 4, N_QUERY, N_KEY) > 0.7
    of_heads[..., 0] = False
    padding = padding if batched else padding[1]
    return {
        "none": {},
        "padding": {"key_padding_mask": padding},
        "pairs": {"attn_mask": pairs},
        "heads": {"attn_mask": of_heads},
        "added": {"attn_mask": torch.randn(N_QUERY, N_KEY)},
        "both": {"key_padding_mask": padding, "attn_mask": pairs},
    }[kind]


KINDS = ["none", "padding", "pairs", "heads", "added", "both"]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_every_mode_of_the_module(options, kind):
    for batch_first, batched, training, needed in itertools.product([False, True], repeat=4):
        module = nn.MultiheadAttention(D, 4, batch_first=batch_first, **options)
        module.train(training)
        tensors, given = inputs(module, batched), masks(kind, batched)
        torch.manual_seed(2)
        plain = module(*tensors, need_weights=needed, **given)
        torch.manual_seed(2)
        with attnviz.watch(module, items=None) as seen:
            output = module(*tensors, need_weights=needed, **given)
        assert torch.equal(output[0], plain[0])
        module.eval()
        expected = module(*tensors, average_attn_weights=False, **given)[1]
        expected = expected if batched else expected[None]
        for item in range(len(expected)):
            (amap,) = seen.maps(item=item)
            assert largest_difference(amap.weights[0], expected[item].detach()) <= 1e-6
            assert ("before dropout" in amap.meta["algebra"]) == (
                training and "dropout" in options
            )


def test_the_causal_hint():
    module = nn.MultiheadAttention(D, 4, batch_first=True)
    x = torch.randn(2, 6, D)
    mask = nn.Transformer.generate_square_subsequent_mask(6)
    expected = module(x, x, x, attn_mask=mask, average_attn_weights=False)[1]
    for needed, padding in itertools.product([False, True], [None, torch.zeros(2, 6)]):
        with attnviz.watch() as seen:
            module(
                x, x, x, attn_mask=mask, is_causal=True, need_weights=needed,
                key_padding_mask=padding,
            )  # fmt: skip
        (amap,) = seen.maps()
        assert largest_difference(amap.weights[0], expected[0].detach()) <= 1e-6
        assert (amap.masked[0, 0] == np.triu(np.ones((6, 6), bool), 1)).all()


def test_the_function_without_its_module():
    module = nn.MultiheadAttention(D, 4)
    x = torch.randn(6, 3, D)
    with attnviz.watch() as seen:
        nn.functional.multi_head_attention_forward(
            x, x, x, D, 4, module.in_proj_weight, module.in_proj_bias, None, None, False, 0.0,
            module.out_proj.weight, module.out_proj.bias, need_weights=False,
        )  # fmt: skip
    expected = module(x, x, x, average_attn_weights=False)[1]
    assert largest_difference(seen.maps()[0].weights[0], expected[0].detach()) <= 1e-6


def encoder(norm_first, nested):
    layer = nn.TransformerEncoderLayer(D, 4, 32, batch_first=True, norm_first=norm_first)
    return nn.TransformerEncoder(layer, 3, enable_nested_tensor=nested)


def slow_weights(model, x, **options):
    """The weights of an encoder, layer by layer, off its fused path."""
    weights, padding, mask = [], options.get("src_key_padding_mask"), options.get("mask")
    for layer in model.layers:
        given = layer.norm1(x) if layer.norm_first else x
        weights.append(
            layer.self_attn(
                given, given, given, key_padding_mask=padding, attn_mask=mask,
                average_attn_weights=False,
            )[1]
        )  # fmt: skip
        x = layer(x, src_mask=mask, src_key_padding_mask=padding)
    return torch.stack(weights)


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("kind", ["none", "padding", "causal", "causal and padding"])
def test_every_mode_of_the_encoder(norm_first, kind):
    x = torch.randn(3, 7, D)
    options = {}
    if "padding" in kind:
        options["src_key_padding_mask"] = torch.arange(7) >= torch.tensor([[7], [5], [6]])
    if "causal" in kind:
        options["mask"] = torch.ones(7, 7).triu(1).bool()
    nested = not norm_first
    for training, with_gradients in itertools.product([False, True], repeat=2):
        model = encoder(norm_first, nested).train(training)
        with torch.set_grad_enabled(with_gradients):
            torch.manual_seed(4)
            plain = model(x, **options)
            torch.manual_seed(4)
            with attnviz.watch(model, items=None) as seen:
                output = model(x, **options)
        assert torch.equal(output, plain)
        if training:
            assert len(seen.captures) == 3
            continue
        expected = slow_weights(model, x, **options).detach()
        for item in range(3):
            (amap,) = seen.maps(item=item)
            n = 7 - len(
                amap.meta.get("padding", ())
            )  # queries of padding differ, and mean nothing
            difference = largest_difference(amap.weights[:, :, :n], expected[:, item, :, :n])
            assert difference <= 1e-6
            assert amap.layers == (0, 1, 2)
            assert amap.meta["modules"][2] == "layers.2.self_attn"


@pytest.mark.filterwarnings("ignore:enable_nested_tensor is True")
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_encoder_decoder_and_cross_attention(batch_first, training):
    model = nn.Transformer(D, 4, 2, 2, 32, batch_first=batch_first).train(training)
    source, target = torch.randn(2, 7, D), torch.randn(2, 5, D)
    if not batch_first:
        source, target = source.transpose(0, 1), target.transpose(0, 1)
    causal = model.generate_square_subsequent_mask(5)
    torch.manual_seed(1)
    plain = model(source, target, tgt_mask=causal)
    torch.manual_seed(1)
    with attnviz.watch() as seen:
        output = model(source, target, tgt_mask=causal)
    assert torch.equal(output, plain)
    words, mots = list("abcdefg"), list("ABCDE")
    maps = {m.meta["attention"]: m for m in seen.maps({"encoder": words, "decoder": mots})}
    assert {kind: m.weights.shape for kind, m in maps.items()} == {
        "encoder": (2, 4, 7, 7),
        "decoder": (2, 4, 5, 5),
        "cross": (2, 4, 5, 7),
    }
    assert maps["decoder"].masked[0, 0].sum() == 10
    assert [t.label for t in maps["cross"].queries] == mots
    assert [t.label for t in maps["cross"].keys] == words
