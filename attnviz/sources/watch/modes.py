"""Torch function modes: the stack of active ones, and computing without any."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch

DEVICES = ("cpu", "cuda", "mps", "xpu")  # with autocast


@contextmanager
def unobserved() -> Iterator[None]:
    """Compute without gradients, autocast, modes and subclasses of tensors."""
    with ExitStack() as stack:
        stack.enter_context(torch._C.DisableTorchFunction())
        stack.enter_context(torch.no_grad())
        for device in DEVICES:
            if torch.is_autocast_enabled(device):
                stack.enter_context(torch.autocast(device, enabled=False))
        yield


def current_mode() -> Any:
    """The innermost torch function mode; None without one."""
    n = torch._C._len_torch_function_stack()
    return torch._C._get_function_stack_at(n - 1) if n else None


def remove_mode(mode: Any) -> None:
    """Remove a torch function mode, wherever it stands among the active ones."""
    others = []
    while torch._C._len_torch_function_stack():
        top = torch._C._pop_torch_function_stack()
        if top is mode:
            break
        others.append(top)
    for other in reversed(others):
        torch._C._push_on_torch_function_stack(other)


def is_only_mode(mode: Any) -> bool:
    """Whether a mode is active and no other is."""
    return torch._C._len_torch_function_stack() == 1 and current_mode() is mode
