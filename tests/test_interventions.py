"""A model with a part replaced: in every family, only what was asked for, and only there."""

from __future__ import annotations

import numpy as np
import pytest

from attnviz import look
from attnviz.core.compose.interventions import parse_heads
from attnviz.core.registry import parts_for
from attnviz.core.variants import VARIANTS
from attnviz.errors import MisuseError
from tests.sources.reference import FOLDERS, MODELS, model

TEXT, TARGET = "the cat sat where the cat was", "a dog ran"
KINDS = [(folder, kind) for folder in FOLDERS for kind in model(folder).attentions]


def seen(folder, kind="self", **changes):
    """All layers and heads of one kind of attention."""
    more = {} if kind == "self" else {"attention": kind}
    if kind in ("decoder", "cross"):
        more["target"] = TARGET
    return look(TEXT, model=str(MODELS / folder), **more, **changes)


def visible(amap):
    return np.broadcast_to(True if amap.visible is None else amap.visible, amap.weights.shape)


def changed(folder, kind, **changes):
    """The map as it is, the one with a change in the last layer, and what they share checked."""
    plain = seen(folder, kind)
    last = plain.n_layer - 1
    at = {} if "ablate" in changes else {"at": (last,)}
    made = seen(folder, kind, **at, **changes)
    assert (made.weights[:last] == plain.weights[:last]).all()
    assert not (made.weights[last] == plain.weights[last]).all()
    assert "intervention" not in plain.meta
    assert made.title == f"{plain.title}, changed: {made.meta['intervention']}"
    assert (made.weights[~visible(made)] == 0).all()
    return plain.select(layers=[last]), made.select(layers=[last])


@pytest.mark.parametrize(("folder", "kind"), KINDS)
def test_hard_gives_all_to_the_key_that_had_most(folder, kind):
    plain, made = changed(folder, kind, variant="hard")
    assert (made.weights.max(-1) == 1).all() and (made.weights.sum(-1) == 1).all()
    assert (made.weights.argmax(-1) == plain.weights.argmax(-1)).all()


@pytest.mark.parametrize(("folder", "kind"), KINDS)
def test_temperature_flattens_the_shares_that_were_there(folder, kind):
    plain, made = changed(folder, kind, temperature=2.0)
    flat = np.sqrt(plain.weights.astype(np.float64))
    assert np.allclose(made.weights, flat / flat.sum(-1, keepdims=True), atol=1e-6)


@pytest.mark.parametrize(("folder", "kind"), KINDS)
def test_a_window_hides_what_is_far_and_shares_out_the_rest(folder, kind):
    plain, made = changed(folder, kind, mask="window(2)")
    n_query, n_key = made.weights.shape[-2:]
    q, k = np.arange(n_query)[:, None] + n_key - n_query, np.arange(n_key)
    near = visible(plain) & (abs(q - k) < 2)
    assert (visible(made) == near).all()
    kept = np.where(near, plain.weights.astype(np.float64), 0)
    kept /= kept.sum(-1, keepdims=True)
    assert np.allclose(made.weights, kept, atol=1e-5)


@pytest.mark.parametrize(("folder", "kind"), KINDS)
def test_a_silenced_head_is_zero_and_hidden_and_the_others_of_its_layer_are_untouched(
    folder, kind
):
    last = model(folder).attentions[kind] - 1
    plain, made = changed(folder, kind, ablate=f"{last}.1")
    assert (made.weights[0, 1] == 0).all() and not visible(made)[0, 1].any()
    others = [head for head in made.heads if head != 1]
    assert (made.weights[0, others] == plain.weights[0, others]).all()


@pytest.mark.parametrize("folder", ["bert", "t5", "gpt2", "gemma2"])
def test_a_change_in_the_first_layer_reaches_those_after_it(folder):
    kind = next(iter(model(folder).attentions))
    plain, made = seen(folder, kind), seen(folder, kind, ablate="0.*")
    assert (made.weights[0] == 0).all() and not visible(made)[0].any()
    assert not np.allclose(made.weights[1], plain.weights[1], atol=1e-4)


@pytest.mark.parametrize("folder", ["bert", "modernbert"])
def test_causal_hides_what_comes_later(folder):
    made = seen(folder, variant="causal")
    assert not np.triu(made.weights, 1).any()
    assert np.triu(seen(folder).weights, 1).any()


@pytest.mark.parametrize("variant", tuple(VARIANTS), ids=lambda row: row.name)
def test_every_row_stands_in_a_model_or_is_refused_in_a_line(variant):
    try:
        made = seen("llama", variant=variant.name)
    except MisuseError as refused:
        assert "\n" not in str(refused) and len(str(refused)) < 160
    else:
        assert np.isfinite(made.weights).all()
        assert made.meta["intervention"] == variant.name


@pytest.mark.parametrize(
    ("slot", "name"),
    [
        (slot, part.name)
        for slot in ("score", "scale", "bias", "mask", "normalize", "position")
        for part in parts_for(slot)
    ],
)
def test_every_part_stands_in_a_model_or_is_refused(slot, name):
    option = "positions" if slot == "position" else slot
    try:
        made = seen("mistral", **{option: name})
    except MisuseError as refused:
        assert len(str(refused).splitlines()[0]) < 160
    else:
        assert np.isfinite(made.weights).all()


def test_what_stands_and_what_does_not():
    """The two walks above would be content if everything were refused."""
    stands = {row.name for row in VARIANTS if not refused(variant=row.name)}
    assert {"hard", "sparsemax", "entmax15", "sigmoid", "alibi", "cosine", "top-k"} <= stands
    assert {"additive", "linformer", "multi-query", "sinusoidal", "differential"} & stands == set()


def refused(**change):
    try:
        seen("llama", **change)
    except MisuseError:
        return True
    return False


@pytest.mark.parametrize(
    ("folder", "change", "says"),
    [
        ("bert", {"variant": "linformer"}, "'linformer' makes a matrix of its own"),
        ("bert", {"variant": "multi-query"}, "'multi-query' has heads of another kind"),
        ("bert", {"variant": "differential"}, "'differential' has heads of another kind"),
        ("bert", {"variant": "sinusoidal"}, "has nothing that could take the place of a part"),
        ("bert", {"score": "additive"}, r"part 'additive' needs learned numbers \(w_additive\)"),
        ("bert", {"positions": "sinusoidal"}, "belong to the embeddings.*such as rope"),
        ("bert", {"tunables": {"heads": 8}}, "heads cannot be set"),
        ("bert", {"tunables": {"window": 2}}, "has no 'window' to set"),
        ("gpt2", {"variant": "causal"}, "'causal' is what '.*gpt2' does anyway"),
        ("t5", {"tunables": {"buckets": 64}}, "buckets.64.*needs learned numbers"),
        ("bert", {"variant": "hard", "at": (0, 3)}, "there is no layer 3; there are 0 to 2"),
        ("bert", {"ablate": "3.0"}, "there is no layer 3; there are 0 to 2"),
        ("bert", {"ablate": "1.4"}, "layer 1 has no head 4; there are 0 to 3"),
        ("bert", {"ablate": "1"}, "should be LAYER.HEAD, as in 5.7,3.*"),
        ("bert", {"select_layers": [3]}, "there is no layer 3; there are 0 to 2"),
        ("bert", {"select_heads": [4]}, "there is no head 4; there are 0 to 3"),
    ],
)
def test_what_is_not_there_is_refused_before_anything_runs(folder, change, says, monkeypatch):
    from attnviz.sources.model.checkpoint import Checkpoint

    monkeypatch.setattr(Checkpoint, "run", None)
    with pytest.raises(MisuseError, match=says):
        seen(folder, "encoder" if folder == "t5" else "self", **change)


def test_a_learned_table_may_be_read_in_another_way():
    """T5's own table of buckets fits any number of tokens that count as far."""
    plain, made = (seen("t5", "encoder", tunables=t) for t in (None, {"farthest": 40}))
    assert not np.allclose(plain.weights, made.weights, atol=1e-4)
    assert made.meta["intervention"] == "farthest = 40"


def test_rotary_positions_can_be_taken_away():
    made = seen("llama", positions="none")
    assert "rope" not in made.meta["algebra"]
    assert "rope" in seen("llama").meta["algebra"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"variant": "hard"}, "hard"),
        ({"variant": "hard", "at": (0, 2)}, "hard in layer 0, 2"),
        ({"temperature": 0.5, "mask": "window(2)"}, "mask window(2), temperature 0.5"),
        ({"ablate": "1.0,1.2,2.*"}, "without head 1.0; without head 1.2; without layer 2"),
        ({"variant": "hard", "at": (1,), "ablate": "0.3"}, "hard in layer 1; without head 0.3"),
    ],
)
def test_it_is_said_what_was_changed(change, said):
    made = seen("bert", **change)
    assert made.meta["intervention"] == said
    assert made.title == f"models/bert, changed: {said}"


def test_heads_are_read_as_they_are_written():
    assert parse_heads("5.7, 5.9,3.*") == {5: (7, 9), 3: None}
    assert parse_heads("3.*,3.1") == {3: None}
