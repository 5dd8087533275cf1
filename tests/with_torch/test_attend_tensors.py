"""attend over tensors, and scaled_dot_product_attention as its judge."""

import numpy as np
import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

import attnviz

GENERATOR = torch.Generator().manual_seed(7)
QUERY, KEY, VALUE = (
    torch.randn(shape, generator=GENERATOR, requires_grad=True)
    for shape in ((3, 2, 5, 8), (3, 2, 7, 8), (3, 2, 7, 4))
)


@pytest.mark.parametrize("is_causal", [False, True])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_the_output_is_that_of_pytorch(is_causal, dtype):
    tensors = [tensor.to(dtype) for tensor in (QUERY, KEY, VALUE)]
    output, weights = attnviz.attend(*tensors, is_causal=is_causal)
    assert isinstance(output, torch.Tensor) and isinstance(weights, torch.Tensor)
    assert output.dtype == weights.dtype == dtype
    assert not output.requires_grad
    expected = scaled_dot_product_attention(*tensors, is_causal=is_causal)
    tolerance = {torch.float64: 1e-12, torch.float32: 1e-6, torch.bfloat16: 2e-2}[dtype]
    assert torch.allclose(output, expected, atol=tolerance, rtol=tolerance)


def test_masks_and_biases_of_tensors():
    mask = torch.rand((5, 7), generator=GENERATOR) > 0.5
    mask[:, 0] = True
    bias = torch.randn((5, 7), generator=GENERATOR)
    expected = scaled_dot_product_attention(
        QUERY, KEY, VALUE, attn_mask=bias.masked_fill(~mask, -torch.inf)
    )
    output = attnviz.attend(QUERY, KEY, VALUE, mask=mask, bias=bias).output
    assert torch.allclose(output, expected, atol=1e-6)
    assert np.array_equal(
        attnviz.attend(QUERY, KEY, mask="causal & window(4)").weights.numpy(),
        attnviz.attend(*(t.detach().numpy() for t in (QUERY, KEY)), mask="causal & window(4)")[1],
    )
