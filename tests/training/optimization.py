"""The optimizer of the shipped models: AdamW, its rate warmed up, then cosine decay."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

WARM_UP = 200  # steps


def minimize(
    model: torch.nn.Module,
    compute_loss: Callable[[], torch.Tensor],
    n_step: int,
    learning_rate: float = 3e-3,
) -> None:
    """Train the parameters that require gradients, with a new batch in each step."""
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(
        parameters, lr=learning_rate, betas=(0.9, 0.98), weight_decay=0.01
    )
    for step in range(n_step):
        decay = 0.5 * (1 + math.cos(math.pi * step / n_step))
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * min(1, step / WARM_UP) * decay
        loss = compute_loss()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 200 == 0:
            print(f"step {step}: loss {loss.item():.4f}", flush=True)
