"""Token ids that a program embeds, and the tokenizer of transformers that decodes them."""

from __future__ import annotations

import gc
import sys
from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch

from attnviz.core.tokens import Token
from attnviz.sources.watch.module_names import subclasses

MAX_CALLS = 4096  # embeddings of which the ids are kept
MAX_IDS = 1 << 16  # of one embedding
BASE = "transformers.tokenization_utils_base"


class EmbeddedIds(NamedTuple):
    """The ids of one call of an embedding, with the size of its table.

    `path` names the modules that called it. Shapes: ids [batch, token]
    """

    root: int
    step: int
    path: str
    n_entry: int
    ids: Any


def embedded_ids(args: Sequence[Any]) -> tuple[int, Any] | None:
    """The size of the table and the ids of F.embedding; None for other inputs."""
    if len(args) < 2 or not all(isinstance(a, torch.Tensor) for a in args[:2]):
        return None
    ids, table = args[:2]
    if ids.dim() not in (1, 2) or not 0 < ids.numel() <= MAX_IDS or ids.device.type == "meta":
        return None
    array = ids.detach().cpu().numpy().copy()
    return table.shape[0], array if array.ndim == 2 else array[None]


def new_ids() -> deque[EmbeddedIds]:
    """An empty list of ids, which forgets the oldest ones."""
    return deque(maxlen=MAX_CALLS)


def find_tokenizer(n_entry: int, ids: Sequence[int]) -> Any:
    """The tokenizer in this process whose vocabulary fits a table best; None without one."""
    base = getattr(sys.modules.get(BASE), "PreTrainedTokenizerBase", None)
    if base is None:
        return None
    classes = subclasses(base)
    fitting = [
        tokenizer
        for tokenizer in gc.get_objects()
        if type(tokenizer) in classes and max(ids) < len(tokenizer) <= n_entry
    ]
    return max(fitting, key=len, default=None)


def decode_ids(tokenizer: Any, ids: Sequence[int]) -> list[Token]:
    """The tokens of ids, special ones marked."""
    from attnviz.sources.tokenizing.decoded_labels import label_sequence
    from attnviz.sources.tokenizing.special_names import stands_for_text

    ids_of_special = set(tokenizer.all_special_ids)
    pieces = tokenizer.convert_ids_to_tokens(list(ids))
    labels = label_sequence(pieces, [tokenizer.decode([n]) for n in ids])
    return [
        Token(piece, label, special=n in ids_of_special and not stands_for_text(piece))
        for piece, label, n in zip(pieces, labels, ids, strict=True)
    ]
