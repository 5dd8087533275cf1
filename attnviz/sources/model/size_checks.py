"""Sizes of a config compared with the tensors: layers, vocabulary, positions, segments."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

from attnviz.errors import AttnvizWarning, InvalidInputError
from attnviz.sources.checkpoint.config import Config, raise_invalid
from attnviz.sources.checkpoint.tensors import Tensors
from attnviz.sources.transformer.embedding import embedding_table, position_offset
from attnviz.sources.transformer.layer_size import layer_pattern
from attnviz.sources.transformer.stack import LayerStack


def check_sizes(stacks: Mapping[str, LayerStack], tensors: Tensors) -> None:
    """Raise InvalidInputError for a config that has other sizes than the tensors.

    Tensors that are missing are not refused here: a run may need none of them.
    """
    for stack in stacks.values():
        check_layers(stack, tensors)
        embedding = stack.spec.embedding
        check_rows(stack.config, tensors, embedding_table(embedding, stack.weights), "n_vocab")
        if embedding.segment:
            check_rows(stack.config, tensors, f"{embedding.segment}.weight", "n_segment")
        if embedding.offset == "pad":
            pad_id = stack.config.get_optional_int("pad_token_id")
            check_token_id(stack, "pad_token_id", pad_id)
        check_experts(stack, tensors)
        for name in stack.spec.attention.slots.params.values():
            check_buckets(stack.config, tensors, name.replace("{i}", "0"))
        if embedding.position:
            n_reserved = 0 if embedding.offset == "pad" else embedding.offset
            name = f"{embedding.position}.weight"
            check_rows(stack.config, tensors, name, "n_position", n_reserved)
            check_offset(stack, name)


def check_layers(stack: LayerStack, tensors: Tensors) -> None:
    """Compare the number of layers; warn where the tensors have more of them."""
    key, _ = stack.config.find("n_layer")
    n_layer, n_stored = stack.config.get_int("n_layer"), count_layers(stack.spec.layer, tensors)
    if "{group}" in stack.spec.layer:
        key, n_layer = "num_hidden_groups", stack.config.get_int("num_hidden_groups")
    if not n_stored or n_layer == n_stored:
        return
    message = f"config.json: {key} = {n_layer}, but the tensors are those of {n_stored}"
    if n_layer > n_stored:
        raise InvalidInputError(f"{message}; correct config.json or use the complete weights")
    warnings.warn(f"{message}; the others do not run", AttnvizWarning, stacklevel=2)


def count_layers(template: str, tensors: Tensors) -> int:
    """Number of layers, or groups of layers, that have tensors."""
    pattern = layer_pattern((template,), tensors.prefixes)
    matches = filter(None, map(pattern.match, tensors.by_name))
    return len({int(match[1]) for match in matches})


def check_experts(stack: LayerStack, tensors: Tensors) -> None:
    """Compare the number of experts with the rows of the first router."""
    experts = stack.spec.feed_forward.experts
    if experts is None:
        return
    names = (
        f"{stack.layer_prefix(index)}{router}.weight"
        for index in range(stack.n_layer)
        for router in experts.router
    )
    name = next(filter(tensors.find, names), "")
    check_rows(stack.config, tensors, name, "n_expert")


def check_token_id(stack: LayerStack, key: str, token_id: int | None) -> None:
    """Raise InvalidInputError for a token id that the table of token embeddings lacks."""
    name = embedding_table(stack.spec.embedding, stack.weights)
    if token_id is not None and stack.tensors.find(name) is not None:
        n_vocab = stack.tensors.tensor(name, (None, None)).shape[0]
        if token_id >= n_vocab:
            raise_invalid(key, token_id, f"below the {n_vocab} rows of tensor {name!r}")


def check_buckets(config: Config, tensors: Tensors, name: str) -> None:
    """Compare the number of buckets with the rows of a table of relative position biases."""
    if tensors.find(name) is None:
        return
    key, n_row = "relative_attention_num_buckets", tensors.tensor(name, (None, None)).shape[0]
    if config.get_int(key) != n_row:
        raise_invalid(key, config.get(key), f"{n_row}, the rows of tensor {name!r}")


def check_offset(stack: LayerStack, name: str) -> None:
    """Raise InvalidInputError where the rows before the first position are all there are."""
    offset = position_offset(stack.spec.embedding, stack.weights)
    if stack.tensors.find(name) is None:
        return
    n_row = stack.tensors.tensor(name, (None, None)).shape[0]
    if offset >= n_row:
        raise InvalidInputError(
            f"tensor {name!r} has {n_row} rows, and positions begin at row {offset}; check "
            "pad_token_id in config.json"
        )


def check_rows(
    config: Config, tensors: Tensors, name: str, setting: str, n_reserved: int = 0
) -> None:
    """Compare a setting that the config has with the rows of a table, if that is stored."""
    key, value = config.find(setting)
    if key not in config.values or tensors.find(name) is None:
        return
    n_row = tensors.tensor(name, (None, None)).shape[0]
    if config.get_int(setting) + n_reserved != n_row:
        reserved = f" (the first {n_reserved} are reserved)" if n_reserved else ""
        raise InvalidInputError(
            f"config.json: {key} = {value}, but tensor {name!r} has {n_row} rows{reserved}; "
            "config.json and the tensors belong to different models"
        )
