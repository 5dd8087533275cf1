"""Values of a GGUF file's metadata, as JSON has them."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from attnviz.errors import InvalidInputError
from attnviz.sources.checkpoint.config import format_value

MAX_LAYER_NUMBERS = 4096  # of an array with one number per layer


def plain_value(value: Any) -> Any:
    """A metadata value as JSON has it; a float32 by its shortest digits (1e-5, not 9.99…e-6)."""
    if isinstance(value, np.ndarray):
        return [plain_value(n) for n in value[:MAX_LAYER_NUMBERS].tolist()]
    return float(str(np.float32(value))) if isinstance(value, float) else value


def raise_invalid(key: str, value: Any, expected: str) -> NoReturn:
    """Raise InvalidInputError for a metadata value that cannot be used."""
    what = (
        f"{key} = {format_value(plain_value(value))}"
        if value is not None
        else f"{key} is missing; it"
    )
    raise InvalidInputError(f"GGUF metadata: {what} should be {expected}")
