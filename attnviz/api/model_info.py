"""Supported model families, and facts about a pretrained model, without running it."""

from __future__ import annotations

from typing import Any

from attnviz.errors import CouldNotError, InvalidInputError
from attnviz.sources.families import FAMILIES
from attnviz.sources.model.checkpoint import open_checkpoint
from attnviz.sources.model.describe import describe
from attnviz.sources.shipped_models import SHIPPED_MODELS

INPUTS = {
    "encoder": "one text, or a pair (--pair)",
    "decoder": "one text, which it can continue (--generate)",
    "encoder-decoder": "one text, and a second one for the decoder (--target, or generated); "
    "--attention encoder, decoder or cross",
}


def list_families() -> list[dict[str, Any]]:
    """Kind, name (`model_type` in config.json), features and paper of each supported family."""
    names = ("kind", "name", "features", "paper")
    return [{name: getattr(family, name) for name in names} for family in FAMILIES]


def list_shipped_models() -> dict[str, str]:
    """The models that ship with attnviz, by name, each with a short description."""
    return dict(SHIPPED_MODELS)


def describe_checkpoint(folder_or_id: str, revision: str | None = None) -> dict[str, Any]:
    """Facts about a checkpoint: sizes, dtype, and the attention of its layers.

    Raises the errors of sources.model.checkpoint.open_checkpoint.
    """
    model = open_checkpoint(folder_or_id, revision=revision)
    reads: str = INPUTS[model.kind]
    try:
        tokenizer = model.files.describe_tokenizer()
    except CouldNotError:
        tokenizer, reads = None, "no text: there is no tokenizer"
    except InvalidInputError as error:
        tokenizer, reads = None, f"no text: {error}"
    return {**describe(model), "tokenizer": tokenizer, "reads": reads}
