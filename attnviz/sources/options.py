"""What can be asked: the options of looking, once for Python and the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from attnviz.core.compose.compose import Choice
from attnviz.core.variant import Variant
from attnviz.errors import MisuseError

PARTS = ("score", "scale", "bias", "mask", "normalize", "positions", "temperature", "softcap")
OF_A_SEED = ("embedding", "seed", "dim", "heads", "kv_heads", "layers", "pad", "tokenizer")
OF_A_MODEL = ("revision", "pair", "target", "attention", "generate", "truncate", "ablate", "at")


class Options(TypedDict, total=False):
    """How to look; every one may be left out or None.

    variant: the mechanism, a row of the catalogue ("multihead"). With a model: what takes the
        place of the model's own.
    score, scale, bias, mask, normalize, positions, temperature, softcap: parts that take the
        place of the mechanism's own or are added to it (core/compose.py), as text or parts.
    tunables: numbers of the mechanism's parts, such as {"window": 2}.

    Without a model:
    tokenizer: words, whitespace, characters, bytes, bpe, or the path of a tokenizer.json.
    embedding: "seeded", a vector for each token from the seed, or "letters", a = 1 … z = 26.
    seed: where all numbers come from (0).
    dim: width of a token's vector (32); the heads share it.
    heads: how many heads, instead of the variant's own number.
    kv_heads: how many of them have keys and values of their own.
    layers: how many layers are stacked, with residuals (1).
    pad: how many [PAD] tokens to append; None: two where the mask hides padding, else none.

    With a model:
    model: a folder, or the name of a model on the hub.
    revision: which version of it.
    pair: a second sentence for models that read two.
    target: what the decoder of an encoder-decoder reads; None: what it writes itself.
    attention: "encoder", "decoder" or "cross", of an encoder-decoder.
    generate: how many words to write before looking.
    truncate: cut a text that is too long for the model.
    ablate: heads to silence, as in "5.7,3.*".
    at: the layers in which parts are replaced; None: all.
    """

    variant: str | Variant | None
    score: Choice
    scale: Choice
    bias: Choice
    mask: Choice
    normalize: Choice
    positions: Choice
    temperature: float | None
    softcap: float | None
    tunables: Mapping[str, Any] | None
    tokenizer: str | None
    embedding: str | None
    seed: int | None
    dim: int | None
    heads: int | None
    kv_heads: int | None
    layers: int | None
    pad: int | None
    model: str | None
    revision: str | None
    pair: str | None
    target: str | None
    attention: str | None
    generate: int | None
    truncate: bool | None
    ablate: str | None
    at: tuple[int, ...] | None


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that were set; those that do not go together are refused."""
    found = {k: v for k, v in options.items() if v is not None and v is not False and v != {}}
    model = "model" in found
    for name in OF_A_SEED if model else OF_A_MODEL:
        if name in found:
            option = f"--{name.replace('_', '-')}"
            raise MisuseError(
                f"{option} is for seeded numbers; a model brings its own"
                if model
                else f"{option} needs a --model"
            )
    return found
