"""What one head computes, step by step, with the real numbers.

Another collector on the same road as `look`: the layers run as they always do, and the stages
of one layer are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from attnviz.api.look import versions
from attnviz.core.arrays import FloatArray
from attnviz.core.engine.layer_call import LayerCall
from attnviz.core.explain.arithmetic import reckon
from attnviz.core.explain.explanation import Explanation, Step
from attnviz.core.explain.steps import labels_of, tell, vectors
from attnviz.core.explain.trace import Stages
from attnviz.core.token_features import letter_numbers
from attnviz.core.tokens import Tokens, place
from attnviz.sources.forward_pass import check, subject_of
from attnviz.sources.options import Options
from attnviz.sources.seeded.layers import EMBEDDINGS

Meta = Mapping[str, Any]


def explain(
    text: str,
    context: str | None = None,
    *,
    layer: int = 0,
    head: int = 0,
    cell: tuple[str, str] | None = None,
    **options: Unpack[Options],
) -> Explanation:
    """One head's computation from tokens to output, and the arithmetic of one weight.

    Args:
        text: the sentence whose tokens ask.
        context: another sentence whose tokens answer; None: the text itself.
        layer: which layer.
        head: which head.
        cell: the query and the key of one weight, each a token or a position.
        options: as for `look`.

    Raises:
        MisuseError: a layer, head or token that is not there.
    """
    subject = subject_of(text, context, **options)
    check(subject, [layer], [head])
    asked, answers = subject.queries, subject.keys
    at = cell and (place(cell[0], asked, "query"), place(cell[1], answers, "key"))
    kept: list[Stages] = []

    def attend(call: LayerCall) -> FloatArray:
        kept.append(Stages.of(call, subject.choose(call)))
        return kept[-1].output

    subject.run(attend, layer)
    stages = kept[layer]
    meta = subject.meta()
    return Explanation(
        title=f"{meta['variant']}, layer {layer}, head {head}: {stages.variant.algebra}",
        steps=(
            *before(meta, stages, asked, answers),
            *tell(stages, head, asked, answers),
            *after(meta, stages, answers),
        ),
        cell=reckon(stages, head, asked, answers, *at) if at else None,
        meta={**meta, **versions(), "layer": layer, "head": head, "text": text},
    )


def before(meta: Meta, stages: Stages, asked: Tokens, answers: Tokens) -> list[Step]:
    """What happens before the layer: text to tokens to vectors."""
    words = " ".join(labels_of(asked))
    if asked != answers:
        words = f"queries {words}; keys {' '.join(labels_of(answers))}"
    steps = [Step("tokens", f"the text in pieces ({meta['tokenizer']}): {words}")]
    own = stages.call.inputs.key_input
    if own is not None:
        says = stages.call.told.get("x", "each token as the layer before leaves it")
        if stages.call.layer == 0 and meta.get("embedding") in EMBEDDINGS:
            says = f"each token as numbers: {EMBEDDINGS[meta['embedding']].format_map(meta)}"
            if stages.variant.position.absolute:
                says += f", plus where it stands ({stages.variant.position})"
        name = "embeddings" if stages.call.layer == 0 else "input"
        steps.append(vectors(name, says, "x", own, answers))
    return steps


def after(meta: Meta, stages: Stages, answers: Tokens) -> list[Step]:
    """For letters weighed by letters: the sums as one reckons them by hand, from the shares."""
    own = stages.call.inputs.key_input
    if own is None or meta.get("embedding") != "letters" or meta["variant"] != "length":
        return []
    letters = [len(letter_numbers(token.label)) for token in answers]
    shared, total = min(letters), sum(letters)
    sums = [
        sum(n / total * float(vector[dim]) for n, vector in zip(letters, own, strict=True))
        for dim in range(shared)
    ]
    return [
        Step(
            "by hand",
            f"each word's share of the {total} letters times its numbers, over the first {shared} "
            f"dimensions, which all words have: {' and '.join(map(repr, sums))}; "
            f"their sum {sum(sums)!r}",
        )
    ]
