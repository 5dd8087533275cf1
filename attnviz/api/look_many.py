"""look_many: the attention weights of many texts, several of them in one forward pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack, cast

from attnviz.api.blas_threads import use_threads
from attnviz.api.look_options import LookOptions
from attnviz.api.pending_map import PendingMap, prepare_map
from attnviz.argument_types import require_given
from attnviz.core.attention_map import AttentionMap
from attnviz.errors import AttnvizError, UnknownParameterError
from attnviz.sources.forward_pass import ForwardPass

if TYPE_CHECKING:
    from attnviz.sources.model.run_model import ModelPass

GROUP = 64  # texts whose forward passes may be one
PACKED_NUMBERS = 1 << 21  # hidden states of one run
PACKED_WEIGHTS = 1 << 25  # of its maps, which are in memory together


def look_many(texts: Iterable[str], **options: Unpack[LookOptions]) -> Iterator[AttentionMap]:
    """Compute the attention weights of many texts, in order, with bounded memory.

    Up to 64 texts of a pretrained model share a forward pass, without padding: for a corpus of
    sentences, this is several times faster than `look` for each of them.

    Args:
        texts: sentences, read as maps are taken.
        options: all keyword options of `attnviz.look`, the same for all texts.

    Yields:
        One map per text: that of `attnviz.look`, with weights within 5e-6 (rounding of float32).

    Raises:
        MisuseError, InvalidInputError, CouldNotError: as `attnviz.look`, at the text that is
            refused, after the maps of those before it.

    >>> maps = look_many(["the cat sat", "a dog"], model="induction")
    >>> [len(amap.queries) for amap in maps]
    [4, 2]
    """
    require_given("texts", texts, Iterable)
    if isinstance(texts, str):
        raise UnknownParameterError("texts should be several texts, got one: put it into a list")
    arguments: dict[str, Any] = {**options}
    groups = group_maps(prepare_map((), text, **arguments) for text in texts)
    return (amap for group in groups for amap in run_each(group, arguments))


def run_each(group: Sequence[PendingMap], arguments: Mapping[str, Any]) -> Iterator[AttentionMap]:
    """The maps of a group; where its run fails, each text runs alone, up to the one that fails."""
    try:
        maps = run_group(group)
    except AttnvizError:
        if len(group) == 1:
            raise
    else:
        yield from maps
        return
    for pending in group:
        yield from run_group([prepare_map((), pending.text, **arguments)])


def group_maps(pending: Iterable[PendingMap]) -> Iterator[list[PendingMap]]:
    """The maps in order, in groups that can share a forward pass.

    An error of the next map is raised after the group of those before it.
    """
    group: list[PendingMap] = []
    try:
        for one in pending:
            if not fits(group, one):
                yield group
                group = []
            group.append(one)
    except AttnvizError:
        if group:
            yield group
        raise
    if group:
        yield group


def fits(group: Sequence[PendingMap], pending: PendingMap) -> bool:
    """Whether one more map can share the run of a group."""
    if not group:
        return True
    if len(group) == GROUP or not (can_share(group[0]) and can_share(pending)):
        return False
    together = [*group, pending]
    return (
        count_hidden([one.forward for one in together]) <= PACKED_NUMBERS
        and sum(one.n_weight for one in together) <= PACKED_WEIGHTS
    )


def can_share(pending: PendingMap) -> bool:
    """Whether the forward pass of a map can be part of a packed run."""
    if not hasattr(pending.forward, "model") or pending.request.contribution is not None:
        return False
    from attnviz.sources.model.packed_run import can_pack

    return can_pack(pending.forward)


def count_hidden(passes: Sequence[ForwardPass]) -> int:
    """The hidden states of one layer of passes of one model: tokens × dimensions."""
    model = cast("ModelPass", passes[0]).model
    return sum(len(one.queries) for one in passes) * model.config.get_int("d_model")


@use_threads()
def run_group(group: Sequence[PendingMap]) -> list[AttentionMap]:
    """The maps of a group that fits; one forward pass for several texts."""
    if len(group) == 1:
        group[0].run()
    else:
        from attnviz.sources.model.packed_run import PackedText, run_packed

        texts = [PackedText(cast("ModelPass", one.forward), one.collector) for one in group]
        run_packed(texts, group[0].last_layer)
    return [pending.build() for pending in group]
