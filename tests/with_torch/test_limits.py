"""What is recorded: modules, layers, heads, items, steps and rows; maps, links and measures."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import attnviz
from attnviz.measures.entropy import entropy
from tests.with_torch.conftest import largest_difference
from tests.with_torch.test_program_unchanged import Model

N, N_LAYER = 20, 4


def run(n_step=1, **options):
    """A recording of some calls of a model, and the maps of the same without limits."""
    model = Model(N_LAYER).eval()
    torch.manual_seed(7)
    x = torch.randn(n_step, 3, N, 8)
    with torch.no_grad(), attnviz.watch(model, **options) as seen, attnviz.watch(model) as every:
        for batch in x:
            model(batch)
    return seen, every.maps()


@pytest.mark.parametrize(
    ("options", "modules"),
    [
        ({"modules": "layers.1"}, [1]),
        ({"modules": "layers.1, layers.3"}, [1, 3]),
        ({"modules": ["*.2"]}, [2]),
        ({"layers": 2}, [2]),
        ({"layers": "0,2-3"}, [0, 2, 3]),
        ({"modules": "layers.*", "layers": 1}, [1]),
    ],
)
def test_modules_and_layers(options, modules):
    seen, (every,) = run(**options)
    (amap,) = seen.maps()
    assert amap.layers == tuple(modules)
    assert amap.meta["modules"] == [f"layers.{n}" for n in modules]
    assert largest_difference(amap.weights, every.weights[modules]) == 0


@pytest.mark.parametrize(("heads", "numbers"), [(1, (1,)), (-1, (1,)), ("0-1", (0, 1))])
def test_heads(heads, numbers):
    seen, (every,) = run(heads=heads, with_vectors=True)
    (amap,) = seen.maps()
    assert amap.heads == numbers
    assert largest_difference(amap.weights, every.weights[:, list(numbers)]) == 0
    assert amap.query_vectors.shape == (N_LAYER, len(numbers), N, 4)


def test_rows_and_their_tokens():
    seen, (every,) = run(rows="0,5,-1")
    words = [f"w{i}" for i in range(N)]
    (amap,) = seen.maps(words)
    assert largest_difference(amap.weights, every.weights[:, :, [0, 5, N - 1]]) <= 1e-7
    assert [t.label for t in amap.queries] == ["w0", "w5", "w19"]
    assert [t.label for t in amap.keys] == words


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        ({}, [0, 1, 2, 3, 4, 5, 6]),
        ({"steps": 3}, [3]),
        ({"steps": "0,2-3"}, [0, 2, 3]),
        ({"steps": -1}, [6]),
        ({"steps": "-3--1"}, [4, 5, 6]),
        ({"steps": "-3--2"}, [4, 5]),
        ({"steps": "0,-1"}, [0, 6]),
        ({"every": 3}, [0, 3, 6]),
        ({"every": 2, "steps": "-2--1"}, [4, 6]),
    ],
)
def test_steps(options, steps):
    seen, every = run(7, **options)
    maps = seen.maps()
    assert [m.meta["step"] for m in maps] == steps
    assert seen.recorder.n_byte == sum(c.kept.n_byte for c in seen.captures)
    for amap, step in zip(maps, steps, strict=True):
        assert largest_difference(amap.weights, every[step].weights) == 0


def test_steps_that_are_dropped_take_no_memory():
    n_byte = N_LAYER * 2 * N * N * 5
    seen, _ = run(30, steps=-1, max_memory=2 * n_byte)
    assert len(seen.maps()) == 1


def test_a_pooled_map_is_the_mean_of_its_cells():
    seen, (every,) = run(keep="pooled", pool=5)
    (amap,) = seen.maps()
    expected = every.weights.reshape(N_LAYER, 2, 5, 4, 5, 4).sum(-1).mean(-2)
    assert largest_difference(amap.weights, expected) <= 1e-6
    assert "a cell of 4 queries × 4 keys" in amap.meta["pooled"]
    assert amap.queries[0].label == "0…3"


def test_links_are_the_largest_weights():
    seen, (every,) = run(keep="links")
    links = [link for link in seen.links() if (link["layer"], link["head"]) == (2, 1)]
    weights = np.sort(every.weights[2, 1].ravel())[::-1]
    assert [link["weight"] for link in links] == pytest.approx(weights[:16].tolist())
    for link in links:
        assert every.weights[2, 1, link["query"], link["key"]] == pytest.approx(link["weight"])
    assert links[0]["module"] == "layers.2"


@pytest.mark.parametrize("rows", [None, "3-9"])
def test_measures_are_those_of_the_map(rows):
    seen, (every, *_) = run(3, keep="measures", rows=rows)
    chosen = slice(None) if rows is None else slice(3, 10)
    records = seen.measures()
    assert len(records) == 3 * N_LAYER * 2
    first = records[3]
    weights = every.weights[1, 1, chosen]
    distance = np.abs(np.arange(N)[chosen, None] - np.arange(N))
    assert (first["layer"], first["head"], first["training"]) == (1, 1, False)
    assert first["row_sum"] == pytest.approx(1, abs=1e-6)
    assert first["largest"] == pytest.approx(weights.max())
    assert first["distance"] == pytest.approx((weights * distance).sum(-1).mean(), rel=1e-5)
    assert first["entropy"] == pytest.approx(entropy(every)[1, 1, chosen].mean(), rel=1e-5)


REFUSED = [
    ({"keep": "everything"}, "keep"),
    ({"layers": -1}, "the number of layers is not known"),
    ({"layers": "x"}, "must be a list"),
    ({"steps": "3--1"}, "same side"),
    ({"every": 0}, "every=0 should be at least 1"),
    ({"pool": 0}, "at least 1"),
    ({"every": "2"}, "whole number"),
    ({"max_memory": "1 GB"}, "whole number"),
]


@pytest.mark.parametrize(("options", "message"), REFUSED, ids=str)
def test_invalid_arguments_are_refused(options, message):
    with pytest.raises(attnviz.AttnvizError, match=message):
        attnviz.watch(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"modules": "decoder"}, "none of 4 .* with attention: layers[.][*]; steps: 0$"),
        ({"heads": 7}, "there is no head 7"),
        ({"items": 3}, "there is no batch item 3"),
        ({"rows": 20}, "there is no query row 20"),
    ],
)
def test_a_selection_of_nothing_is_stated(options, message):
    seen, _ = run(**options)
    with pytest.raises(attnviz.AttnvizError, match=message):
        seen.maps()


def test_maps_of_links_are_refused():
    seen, _ = run(keep="links")
    with pytest.raises(attnviz.AttnvizError, match=r"use .links\(\)"):
        seen.maps()
    with pytest.raises(attnviz.AttnvizError, match=r"kept no measures"):
        seen.measures()


def test_another_batch_item():
    seen, (first,) = run(items="0,2")
    assert "showing batch item 2 of 3" in seen.maps(item=2)[0].meta["guessed"]
    assert largest_difference(seen.maps(item=0)[0].weights, first.weights) == 0
    with pytest.raises(attnviz.AttnvizError, match="batch item 1 was not recorded"):
        seen.maps(item=1)


def test_tokens_that_do_not_fit():
    seen, _ = run()
    with pytest.raises(attnviz.AttnvizError, match="the tokens fit none of the maps: 2"):
        seen.maps(["a", "b"])
    with pytest.raises(attnviz.AttnvizError, match="kind of tokens"):
        seen.maps({"text": ["a"]})


def test_one_module_that_is_called_repeatedly():
    layer = nn.MultiheadAttention(8, 2, batch_first=True).eval()

    class Shared(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = layer

        def forward(self, x):
            for _ in range(3):
                x = self.layer(x, x, x)[0]
            return x

    with attnviz.watch() as seen:
        Shared()(torch.randn(1, 5, 8))
    (amap,) = seen.maps()
    assert amap.layers == (0, 1, 2) and amap.meta["modules"] == ["layer"] * 3


def test_calls_outside_of_modules():
    with attnviz.watch() as seen:
        for n in (4, 4, 6):
            x = torch.randn(1, 2, n, 8)
            functional.scaled_dot_product_attention(x, x, x)
    assert [(m.weights.shape[-1], m.layers) for m in seen.maps()] == [(4, (0, 1)), (6, (2,))]
    assert seen.maps()[0].meta["attention"] == "self"


def test_models_of_one_class_have_names_of_their_own():
    first, second = Model(2), Model(2)
    with attnviz.watch() as seen:
        first(torch.randn(1, 3, 8))
        second(torch.randn(1, 3, 8))
    assert [m.meta["modules"][1] for m in seen.maps()] == ["Model.layers.1", "Model#2.layers.1"]
