"""Arguments of `read`: their names and types."""

from __future__ import annotations

from typing import Any

from attnviz.argument_types import require_given, require_type
from attnviz.errors import UnknownParameterError
from attnviz.lookup import unknown_name_message

OTHER_ARGUMENTS = (
    "attention_mask",
    "mask",
    "softmax",
    "trim_padding",
    "document_end",
    "layout",
    "key_times",
)


def check_arguments(axes: Any, **others: Any) -> None:
    """Raise UnknownParameterError for arguments of `read` of another type, and for others."""
    require_type("axes", axes, str)
    for name, value in others.items():
        if name not in OTHER_ARGUMENTS:
            names = [*OTHER_ARGUMENTS, "tokens", "axes", "which"]
            raise UnknownParameterError(unknown_name_message(name, names, "parameter"))
        if name == "mask" and value is not None and not isinstance(value, str):
            from attnviz.core.masks import Mask

            require_type("mask", value, str, Mask)
        elif name in ("softmax", "trim_padding"):
            require_given(name, value, bool)
        elif name == "key_times":
            require_type(name, value, float)
        elif name in ("document_end", "layout"):
            require_type(name, value, str)
