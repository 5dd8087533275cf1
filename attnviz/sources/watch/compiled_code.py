"""Compiled code: torch.compile fuses attention, which is then not visible to a mode."""

from __future__ import annotations

import sys
from typing import Any

COMPILED = (
    "compiled by torch.compile: attention in its fused code is not visible; set "
    'TORCHDYNAMO_DISABLE=1 or torch.compiler.set_stance("force_eager") to record it'
)


def is_compiled(module: Any) -> bool:
    """Whether a module is the result of torch.compile."""
    return type(module).__name__ == "OptimizedModule" or (
        getattr(module, "_compiled_call_impl", None) is not None
    )


def n_compiled_frames() -> int:
    """The number of functions that torch.compile has compiled in this process."""
    utils = sys.modules.get("torch._dynamo.utils")
    return 0 if utils is None else int(utils.counters["frames"]["total"])
