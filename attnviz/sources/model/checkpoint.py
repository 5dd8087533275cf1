"""A real model, opened: its facts, and its layers run one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from attnviz.core.arrays import FloatArray
from attnviz.core.engine.layer_call import Attend
from attnviz.core.token_features import notes
from attnviz.errors import InvalidInputError, MisuseError
from attnviz.record import Record
from attnviz.sources.checkpoint.config import Config, read_json, shown
from attnviz.sources.checkpoint.files import Files, files_in
from attnviz.sources.checkpoint.hub import folder_of
from attnviz.sources.checkpoint.tensors import Tensors, read_tensors
from attnviz.sources.families import find_family
from attnviz.sources.families.spec import Family
from attnviz.sources.tokenizing.tokenizers import Encoding
from attnviz.sources.transformer.attention import Looking
from attnviz.sources.transformer.embedding import embedded, limit
from attnviz.sources.transformer.stack import Tower


class Checkpoint(Record):
    """A model in a folder. Nothing is read of its numbers before they are needed."""

    name: str
    files: Files
    family: Family
    config: Config
    tensors: Tensors

    @cached_property
    def towers(self) -> Mapping[str, Tower]:
        """The stacks of layers: an encoder, a decoder, or both."""
        sides = self.family.stacks
        two = len(sides) > 1
        return {
            side: Tower(
                self.family.adapt(stack, self.config),
                self.config.of(side if two else ""),
                self.tensors,
            )
            for side, stack in sides.items()
        }

    @property
    def attentions(self) -> Mapping[str, int]:
        """The kinds of attention there are, and how many layers each has."""
        if len(self.towers) == 1:
            return {"self": next(iter(self.towers.values())).n_layer}
        counts = {side: tower.n_layer for side, tower in self.towers.items()}
        return counts | {"cross": counts["decoder"]}

    def tower(self, kind: str) -> Tower:
        """The stack of layers in which a kind of attention is."""
        first = next(iter(self.towers.values()))
        return self.towers.get("decoder" if kind == "cross" else kind, first)

    @property
    def n_layer(self) -> int:
        """How many layers there are, of an encoder-decoder in each half."""
        return max(self.attentions.values())

    @property
    def n_head(self) -> int:
        """How many heads look in each layer."""
        return max(tower.config.whole("n_head") for tower in self.towers.values())

    @property
    def n_position(self) -> int | None:
        """How many tokens there are positions for; None: any number."""
        found = [limit(tower.row.embedding, tower.weights) for tower in self.towers.values()]
        return min((n for n in found if n is not None), default=None)

    @property
    def start(self) -> int:
        """The number of the word that a target begins with."""
        for word in ("decoder_start_token_id", "bos_token_id"):
            if isinstance(self.config.get(word), int):
                return int(self.config.get(word))
        raise InvalidInputError("config.json: decoder_start_token_id is missing")

    @property
    def ends(self) -> tuple[int, ...]:
        """The numbers of the words that end a text."""
        said = self.config.get("eos_token_id")
        return tuple(said) if isinstance(said, list) else () if said is None else (said,)

    def encode(self, text: str, pair: str | None = None) -> Encoding:
        """The tokens of a text (or of two) and their numbers, by the model's own tokenizer.

        Raises CouldNotError where the folder has no tokenizer.json.
        """
        from attnviz.sources.tokenizing.tokenizers import tokenizer

        return tokenizer(str(self.files.tokenizer)).encode(text, pair)

    def words(self, ids: Sequence[int]) -> Encoding:
        """Words by their numbers, as tokens of no text: what was generated."""
        from attnviz.sources.tokenizing.tokenizer_json import load, spelled

        return Encoding(spelled(load(self.files.tokenizer), ids), tuple(ids))

    def target_of(self, text: str) -> Encoding:
        """What a decoder reads to write this text: its start, then all but the end."""
        tokens, ids = self.encode(text)
        if ids[-1] in self.ends:
            tokens, ids = tokens[:-1], ids[:-1]
        start = self.words([self.start])
        return Encoding(start.tokens + tokens, start.ids + ids)

    def fitting(self, encoding: Encoding, *, truncate: bool = False) -> Encoding:
        """The encoding, if the model has positions for it; cut, if that is wished.

        Cutting keeps the special tokens at the end. Raises MisuseError with both numbers.
        """
        most = self.n_position
        if most is None or len(encoding.ids) <= most:
            return encoding
        if not truncate:
            raise MisuseError(
                f"the text has {len(encoding.ids)} tokens; model {self.name!r} has positions "
                f"for {most}. Cut the text, or let it be cut with --truncate"
            )
        tail = 0
        while encoding.tokens[-1 - tail].special and tail < most:
            tail += 1
        keep = [*range(most - tail), *range(len(encoding.ids) - tail, len(encoding.ids))]
        return Encoding(
            tuple(encoding.tokens[i] for i in keep), tuple(encoding.ids[i] for i in keep)
        )

    def run(
        self,
        encoding: Encoding,
        attend: Attend,
        *,
        last_layer: int | None = None,
        target: Encoding | None = None,
        read: bool = True,
    ) -> FloatArray:
        """The model over a text, up to the last layer wanted; `attend` is asked in each.

        An encoder-decoder runs its encoder; with a `target` (see `target_of`), all of it and
        then the decoder up to that layer.
        Shapes: -> [token, d_model], after the last layer that ran; not `read`: after some of it

        Raises:
            MisuseError: a text longer than the positions, a target where nothing is written.
            InvalidInputError: numbers that are missing, misshapen, or of another tokenizer.
        """
        first = next(iter(self.towers))
        if len(self.towers) == 1:
            if target is not None:
                raise MisuseError(f"model {self.name!r} reads one text; it has no target")
            look = Looking(attend=attend, kind="self", read=read)
            return self.through(first, encoding, look, last_layer)
        look = Looking(attend=attend, kind=first, read=read or target is not None)
        if target is None:
            return self.through(first, encoding, look, last_layer)
        hidden = self.through(first, encoding, look, None)
        both = notes(target.tokens, encoding.tokens)
        across = Looking(attend=attend, kind="cross", source=hidden, notes=both)
        look = Looking(attend=attend, kind="decoder", read=read)
        return self.through("decoder", target, look, last_layer, across)

    def through(
        self,
        side: str,
        encoding: Encoding,
        look: Looking,
        last_layer: int | None,
        across: Looking | None = None,
    ) -> FloatArray:
        """One stack over its tokens.    -> [token, d_model]"""
        tokens, ids = self.fitting(encoding)
        tower = self.towers[side]
        x = embedded(tower.row.embedding, tower.weights, ids, [token.segment for token in tokens])
        look = replace(look, notes=notes(tokens, tokens))
        return tower.run(x, look, last_layer=last_layer, across=across)


def open_checkpoint(folder_or_id: str, *, revision: str | None = None) -> Checkpoint:
    """A model in a folder, or by its name on the hub.

    Raises:
        CouldNotError: no folder, no model of that name, no network, files that are missing.
        InvalidInputError: a family or a feature that is not here, damaged or pickled files.
    """
    files = files_in(folder_of(folder_or_id, revision))
    values = read_json(files.config)
    family = find_family(values.get("model_type"))
    config = Config(values, family.defaults)
    refuse_features(config, family)
    tensors = Tensors(read_tensors(files.weights), family.prefixes)
    return Checkpoint(folder_or_id, files, family, config, tensors)


def refuse_features(config: Config, family: Family) -> None:
    """Refuse a config that asks for what is not here, by the name of the key."""
    if config.get("quantization_config"):
        raise InvalidInputError(
            "config.json: quantization_config asks for quantised weights; give the model they "
            "were made from"
        )
    for key, allowed in family.only.items():
        value = config.get(key)
        if value is not None and value not in allowed:
            there = " or ".join(map(shown, allowed))
            raise InvalidInputError(
                f"config.json: {key} = {shown(value)} is not supported for "
                f"{family.name}; it should be {there}"
            )
