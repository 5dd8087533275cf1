"""Tests of `watch` on programs of PyTorch: few threads, one seed, and warnings of libraries."""

import numpy as np
import pytest
import torch

torch.set_num_threads(1)  # tensors are small


@pytest.fixture(autouse=True)
def same_random_numbers():
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def no_hook_remains():
    from torch.nn.modules import module

    yield
    assert torch._C._len_torch_function_stack() == 0
    assert not module._global_forward_hooks and not module._global_forward_pre_hooks


def largest_difference(a, b):
    """The largest difference of two arrays of one shape."""
    a, b = np.asarray(a), np.asarray(b)
    assert a.shape == b.shape
    return float(np.abs(a - b).max())
