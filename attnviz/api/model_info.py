"""Supported model families, and facts about a pretrained model, without running it."""

from __future__ import annotations

from typing import Any, overload

from attnviz.argument_types import require_type
from attnviz.errors import CouldNotError, InvalidInputError, MisuseError
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


@overload
def models(model: None = None, *, revision: None = None) -> list[dict[str, Any]]: ...
@overload
def models(model: str, *, revision: str | None = None) -> dict[str, Any]: ...
def models(
    model: str | None = None, *, revision: str | None = None
) -> list[dict[str, Any]] | dict[str, Any]:
    """List the supported families of pretrained models, or describe one model.

    Args:
        model: a local folder, a name on the Hugging Face Hub, or a model that ships; None: the
            families.
        revision: branch, tag or commit of the model.

    Returns:
        One dict per family: its kind, name, features and paper; or the facts about a model:
        sizes, type of its numbers, attention of its layers, tokenizer. No model runs.

    Raises:
        MisuseError: a revision without a model.
        CouldNotError: a model that cannot be loaded.
        InvalidInputError: a damaged or unsupported model.

    >>> models("induction")["kind"], len(models()) > 50
    ('decoder', True)
    """
    require_type("model", model, str)
    require_type("revision", revision, str)
    if model is not None:
        return describe_checkpoint(model, revision)
    if revision is not None:
        raise MisuseError("--revision needs a model")
    return list_families()


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
