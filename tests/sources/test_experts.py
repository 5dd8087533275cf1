"""Mixtures of experts: routers as in the reference, layouts of the tensors, and what is read."""

from dataclasses import replace

import numpy as np
import pytest

from attnviz.errors import InvalidInputError
from attnviz.sources.checkpoint.tensors import Tensor
from attnviz.sources.families import FAMILIES
from attnviz.sources.families.slots import Layer
from attnviz.sources.model.size_checks import check_sizes
from attnviz.sources.transformer.attention import AttentionContext
from attnviz.sources.transformer.embedding import embed_tokens
from attnviz.sources.transformer.experts import choose_largest, find_layout, sparsemixer
from tests.sources.reference import (
    MODELS,
    attend_unrecorded,
    cases,
    encoding_of_ids,
    max_difference,
    open_model,
)

WITH_EXPERTS = [
    family.name
    for family in FAMILIES
    if "decoder" in family.stacks and family.stacks["decoder"].feed_forward.experts
]
TEXT = encoding_of_ids([5, 17, 9, 31, 22])


def run(checkpoint, text=TEXT):
    """The hidden states, and the routing of each layer with experts."""
    routings = []
    stack = checkpoint.stacks["decoder"]
    x = embed_tokens(stack.spec.embedding, stack.weights, text.ids, [0] * len(text.ids))
    context = AttentionContext(attend=attend_unrecorded, kind="self", on_routing=routings.append)
    return stack.run(x, context), routings


def tensor_of(array):
    """An array as a stored tensor."""
    array = np.ascontiguousarray(array, dtype="<f4")
    return Tensor(array.reshape(-1).view(np.uint8), "F32", array.shape, 0, array.nbytes)


def with_tensors(checkpoint, by_name):
    """The checkpoint with other tensors."""
    return replace(checkpoint, tensors=replace(checkpoint.tensors, by_name=by_name))


def test_there_are_families_with_experts():
    assert set(WITH_EXPERTS) >= {"mixtral", "qwen2_moe", "qwen3_moe", "olmoe", "gpt_oss"}


@pytest.mark.parametrize("name", WITH_EXPERTS)
def test_experts_and_weights_are_those_of_the_reference(name):
    checkpoint = open_model(name)
    path = MODELS / name / "reference.npz"
    _, routings = run(checkpoint, next(cases(path))[1])
    logits = np.load(path)["router"]
    assert len(routings) == len(logits) > 0
    experts = checkpoint.stacks["decoder"].spec.feed_forward.experts
    for routing, expected in zip(routings, logits, strict=True):
        assert experts.in_layer(Layer(checkpoint.config, routing.layer))
        assert routing.n_expert == expected.shape[-1]
        chosen = np.argsort(-expected, axis=-1)[:, : routing.experts.shape[-1]]
        assert (routing.experts == chosen).all()
        if experts.routing == "softmax":
            mass = np.exp(expected)
            weights = np.take_along_axis(mass, chosen, -1) / mass.sum(-1, keepdims=True)
            normalize = checkpoint.stacks["decoder"].weights.resolve_flag(experts.normalize)
            weights /= weights.sum(-1, keepdims=True) if normalize else 1
            assert max_difference(routing.weights, weights) < 2e-6


def fuse(checkpoint):
    """The tensors of a checkpoint as transformers 5 names them: all experts in one."""
    by_name = dict(checkpoint.tensors.by_name)
    stack, n_expert = checkpoint.stacks["decoder"], checkpoint.config.get_int("n_expert")
    old, new = stack.spec.feed_forward.experts.tensors[0], "mlp.experts."
    for index in range(stack.n_layer):
        prefix = "model." + stack.layer_prefix(index)
        if prefix + old.down.format(e=0) not in by_name:
            continue
        gates, ups, downs = (
            np.stack([by_name.pop(prefix + n.format(e=e)).read() for e in range(n_expert)])
            for n in (old.gate, old.up, old.down)
        )
        by_name[f"{prefix}{new}gate_up_proj"] = tensor_of(np.concatenate([gates, ups], axis=1))
        by_name[f"{prefix}{new}down_proj"] = tensor_of(downs)
        routers = stack.spec.feed_forward.experts.router
        router = by_name.pop(f"{prefix}{routers[0]}.weight")
        by_name[f"{prefix}{routers[-1]}.weight"] = router
    return by_name


@pytest.mark.parametrize("name", ["mixtral", "qwen2_moe", "qwen3_moe", "olmoe", "phimoe"])
def test_tensors_of_all_experts_are_read_as_those_of_each(name):
    checkpoint = open_model(name)
    fused = with_tensors(checkpoint, fuse(checkpoint))
    assert fused.tensors.by_name.keys() != checkpoint.tensors.by_name.keys()
    assert np.array_equal(run(fused)[0], run(checkpoint)[0])


def test_the_new_names_of_granites_experts():
    checkpoint = open_model("granitemoe")
    renames = {
        "input_linear.weight": "experts.gate_up_proj",
        "output_linear.weight": "experts.down_proj",
        "router.layer.weight": "router.weight",
    }
    by_name = dict(checkpoint.tensors.by_name)
    for name in checkpoint.tensors.by_name:
        for old, new in renames.items():
            if old in name:
                by_name[name.replace(old, new)] = by_name.pop(name)
    assert by_name.keys() != checkpoint.tensors.by_name.keys()
    assert np.array_equal(run(with_tensors(checkpoint, by_name))[0], run(checkpoint)[0])


@pytest.mark.parametrize("name", ["mixtral", "granitemoe", "gpt_oss"])
def test_only_the_chosen_experts_are_read(name, monkeypatch):
    """Every byte of the experts that are read belongs to one that the router chose."""
    reads = []
    read = Tensor.read

    def record(tensor, index=...):
        reads.append((tensor.start, tensor.end))
        return read(tensor, index)

    monkeypatch.setattr(Tensor, "read", record)
    checkpoint = open_model(name)
    _, routings = run(checkpoint, encoding_of_ids([5]))
    stack = checkpoint.stacks["decoder"]
    w = stack.weights.under(stack.layer_prefix(routings[0].layer))
    experts, n_expert = stack.spec.feed_forward.experts, routings[0].n_expert
    down = find_layout(experts, w).down
    read_experts = set()
    for expert in range(n_expert):
        if "{e}" in down:
            tensor = w.tensors.tensor(w.prefix + down.format(e=expert), ())
        else:
            tensor = w.tensors.tensor(w.prefix + down, ()).at(expert)
        if any(start < tensor.end and tensor.start < end for start, end in reads):
            read_experts.add(expert)
    assert read_experts == set(routings[0].experts[0].tolist())
    assert len(read_experts) < n_expert


def test_the_router_of_the_last_layer_runs_when_its_choice_is_wanted():
    checkpoint, routings = open_model("mixtral"), []
    stack = checkpoint.stacks["decoder"]
    x = embed_tokens(stack.spec.embedding, stack.weights, TEXT.ids, [0] * 5)
    context = AttentionContext(
        attend=attend_unrecorded, kind="self", needs_output=False, on_routing=routings.append
    )
    stack.run(x, context)
    expected = run(checkpoint)[1]
    assert [r.layer for r in routings] == [0, 1] == [r.layer for r in expected]
    assert np.array_equal(routings[-1].experts, expected[-1].experts)


def test_the_weights_of_the_largest_logits():
    logits = np.log(np.array([[1.0, 4.0, 3.0, 2.0]], np.float32))
    experts, weights = choose_largest(logits, 2, normalize=False)
    assert experts.tolist() == [[1, 2]]
    assert weights == pytest.approx(np.array([[0.4, 0.3]]))
    _, weights = choose_largest(logits, 2, normalize=True)
    assert weights == pytest.approx(np.array([[4 / 7, 3 / 7]]))


def test_sparsemixer_weights_each_expert_among_the_logits_near_it():
    logits = np.array([[2.0, 1.0, 0.9, -3.0], [-1.0, -1.0, -1.2, -9.0]], np.float32)
    experts, weights = sparsemixer(logits, jitter=0.2)
    assert experts.tolist() == [[0, 1], [0, 1]]
    first = 1 / (1 + 1 + np.exp(-0.2))  # -1.0 twice, and -1.2: 0.2 / 1.2 is within 0.4
    second = 1 / (1 + np.exp(-0.2))
    expected = [[1.0, 1 / (1 + np.exp(-0.1))], [first, second]]
    assert weights == pytest.approx(np.array(expected), rel=1e-6)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("mixtral", {"num_experts_per_tok": 6}, "num_experts_per_tok = 6 should be at most num_"),
        ("mixtral", {"num_local_experts": 4}, "num_local_experts = 4, but tensor .* has 5 rows"),
        ("qwen2_moe", {"mlp_only_layers": ["a"]}, "mlp_only_layers = .* should be a list of lay"),
        ("gpt_oss", {"num_local_experts": 3}, "num_local_experts = 3, but .*'layers.0.mlp.rou"),
    ],
)
def test_settings_that_contradict_the_experts_are_refused(name, values, message):
    checkpoint = open_model(name)
    config = checkpoint.family.config({**checkpoint.config.values, **values})
    changed = replace(checkpoint, config=config)
    with pytest.raises(InvalidInputError, match=message):
        check_sizes(changed.stacks, changed.tensors)
        run(changed)


def test_sparsemixer_needs_two_experts():
    checkpoint = open_model("phimoe")
    by_name = {
        name: replace(tensor, shape=(1, 32), end=tensor.start + tensor.raw[:1].nbytes)
        if name.endswith("gate.weight")
        else tensor
        for name, tensor in checkpoint.tensors.by_name.items()
    }
    config = checkpoint.family.config({**checkpoint.config.values, "num_local_experts": 1})
    with pytest.raises(InvalidInputError, match="num_local_experts = 1 should be at least 2"):
        run(replace(with_tensors(checkpoint, by_name), config=config))
