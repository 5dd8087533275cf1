"""What there is to know about real models without running them."""

from __future__ import annotations

from typing import Any

from attnviz.sources.checkpoint.files import TOKENIZER
from attnviz.sources.families import FAMILIES
from attnviz.sources.model.checkpoint import open_checkpoint
from attnviz.sources.model.describe import describe

READS = {
    "encoder": "a text, or two (--pair)",
    "decoder": "a text, and goes on with it (--generate)",
    "encoder-decoder": "a text, and writes another (--target, --generate); "
    "--attention encoder, decoder or cross",
}


def families() -> list[dict[str, Any]]:
    """Each family that runs: its kind, its name in config.json, its paper."""
    return [
        {"kind": family.kind, "name": family.name, "paper": family.paper} for family in FAMILIES
    ]


def checkpoint(folder_or_id: str, revision: str | None = None) -> dict[str, Any]:
    """The facts of one checkpoint; what is not supported is refused, with the reason.

    Raises as sources.model.checkpoint.open_checkpoint does.
    """
    opened = open_checkpoint(folder_or_id, revision=revision)
    missing = not (opened.files.folder / TOKENIZER).is_file()
    reads = f"no text: {TOKENIZER} is missing" if missing else READS[opened.family.kind]
    return {**describe(opened), "reads": reads}
