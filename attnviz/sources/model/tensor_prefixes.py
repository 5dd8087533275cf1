"""Prefixes of tensor names: those of the family, or those of a wrapper around the model."""

from __future__ import annotations

import warnings
from collections.abc import Collection

from attnviz.errors import AttnvizWarning, InvalidInputError
from attnviz.sources.families.spec import Family

# Prefixes of several families, and of wrappers.
GENERIC = {"", "model.", "transformer.", "encoder.", "decoder.", "model.decoder."}


def find_prefixes(names: Collection[str], family: Family) -> tuple[str, ...]:
    """The prefixes of a checkpoint's tensor names, found by the table of token embeddings.

    A wrapper ("module." of parallel training, the attribute of one's own class) puts its own
    before them, which is noted. Raises InvalidInputError for a checkpoint of several models.
    """
    tables = [f"{t}.weight" for stack in family.stacks.values() for t in stack.embedding.token]
    if any(prefix + table in names for prefix in family.prefixes for table in tables):
        return family.prefixes
    pairs = ((name, table) for name in names for table in tables)
    found = {name.removesuffix(table) for name, table in pairs if name.endswith(f".{table}")}
    wrappers = sorted({outer_prefix(prefix, family) for prefix in found})
    if not wrappers:
        return family.prefixes
    if len(wrappers) > 1:
        listed = ", ".join(map(repr, wrappers[:4]))
        raise InvalidInputError(
            f"the checkpoint holds {len(wrappers)} models, under the tensor names {listed:.200}; "
            "save one of them by itself: model.PART.save_pretrained(FOLDER)"
        )
    refuse_other_family(wrappers[0], family)
    message = f"the tensors of {family.name} are read under the prefix {wrappers[0]!r:.100}"
    warnings.warn(message, AttnvizWarning, stacklevel=2)
    return (*family.prefixes, *(wrappers[0] + own for own in family.prefixes), *sorted(found))


def refuse_other_family(wrapper: str, family: Family) -> None:
    """Raise InvalidInputError for a prefix that is the name of another family's tensors."""
    from attnviz.sources.families import FAMILIES

    names = {part for other in FAMILIES for part in other.prefixes} - GENERIC - {*family.prefixes}
    for name in names:
        if f".{wrapper}".endswith(f".{name}"):
            raise InvalidInputError(
                f"config.json says {family.name}, but the tensors are called {name!r}: they are "
                "those of another family; put the right model_type into config.json"
            )


def outer_prefix(prefix: str, family: Family) -> str:
    """A prefix without that of the family."""
    own = [own for own in family.prefixes if prefix.endswith(own)]
    return prefix.removesuffix(max(own, key=len, default=""))
