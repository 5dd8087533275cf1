"""explain of saved queries and keys: names, axes, masks and scales, against plain loops."""

from __future__ import annotations

import gzip
import json
from io import BytesIO

import numpy as np
import pytest
from safetensors.numpy import save

import attnviz
from attnviz.errors import GuessWarning, InvalidInputError, MisuseError, UnknownParameterError

HEAD, QUERY, D = 4, 5, 3
RANDOM = np.random.default_rng(5)
Q, K, V = (np.float32(RANDOM.normal(size=(HEAD, QUERY, D))) for _ in "qkv")
SHARED = np.float32(RANDOM.normal(size=(2, QUERY, D)))  # keys of two heads, for four of queries
LOWER = np.tril(np.ones((QUERY, QUERY), bool))
ONE_ROW = np.eye(QUERY, dtype=bool) | (np.arange(QUERY) == 2)[:, None]  # query 2 has all keys
ADDED = np.where(LOWER, np.float32(0), -np.inf)


def attention(query, key, *, scale=D**-0.5, allowed=None, bias=0.0):
    """The weights of each head, by loops.    [head, query, d], [kv_head, key, d] -> [h, q, k]"""
    group = len(query) // len(key)
    allowed = np.ones((query.shape[1], key.shape[1]), bool) if allowed is None else allowed
    bias = np.broadcast_to(bias, (len(query), *allowed.shape))
    out = np.zeros((len(query), *allowed.shape))
    for h, i in np.ndindex(*out.shape[:2]):
        scores = {
            j: scale * float(np.float64(query[h, i]) @ key[h // group, j]) + bias[h, i, j]
            for j in range(key.shape[1])
            if allowed[i, j]
        }
        total = sum(np.exp(score) for score in scores.values())
        for j, score in scores.items():
            out[h, i, j] = np.exp(score) / total
    return out


def side_by_side(array):
    """[head, token, d] -> [1, token, head · d]"""
    return array.swapaxes(0, 1).reshape(1, array.shape[1], -1)


def fused(*arrays):
    """Of queries, keys and values.    [head, token, d] each -> [1, token, 3 · head · d]"""
    return np.concatenate([side_by_side(array) for array in arrays], axis=-1)


def weights_of(source, **options):
    """The step "weights" of head 3, 0 where masked; the explanation.    -> [query, key]"""
    explanation = attnviz.explain(source, **{"head": 3, **options})
    steps = {step.name: step for step in explanation.steps}
    return np.nan_to_num(steps["weights"].numbers, nan=0.0), explanation


CASES = {  # what is saved; further arguments; the keywords of the truth
    "q, k": ({"q": Q, "k": K, "v": V}, {}, {}),
    "states": ({"query_states": Q[None], "key_states": K[None], "mask": LOWER}, {}, "causal"),
    "layer": ({"query_layer": Q[None], "key_layer": K[None]}, {"layer": 0}, {}),
    "token first": ({"xq": Q.swapaxes(0, 1)[None], "xk": K.swapaxes(0, 1)[None]}, {}, {}),
    "hooks": (
        {
            f"blocks.2.attn.hook_{n}": a.swapaxes(0, 1)[None]
            for n, a in zip("qk", (Q, K), strict=True)
        },
        {"layer": 2},
        {},
    ),
    "rotated hooks": (
        {
            "blocks.0.attn.hook_q": K.swapaxes(0, 1)[None],
            "blocks.0.attn.hook_k": Q.swapaxes(0, 1)[None],
            "blocks.0.attn.hook_rot_q": Q.swapaxes(0, 1)[None],
            "blocks.0.attn.hook_rot_k": K.swapaxes(0, 1)[None],
        },
        {},
        {},
    ),
    "projections": (
        {
            f"layers.1.self_attn.{n}_proj": side_by_side(a)
            for n, a in zip("qk", (Q, K), strict=True)
        },
        {"heads": HEAD, "layer": 1},
        {},
    ),
    "fused projections": (
        {f"h.{n}.attn.c_attn": fused(*arrays) for n, arrays in enumerate(((K, Q, V), (Q, K, V)))},
        {"heads": HEAD, "layer": 1},
        {},
    ),
    "fused projection of one text": (
        {"qkv": fused(Q, K, V)[0], "weights": attention(Q, K)},
        {},
        {},
    ),
    "shared keys": ({"queries": Q[None], "keys": SHARED[None]}, {}, {"key": SHARED}),
    "shared projections": (
        {"q_proj": side_by_side(Q), "k_proj": side_by_side(SHARED), "num_heads": np.int64(HEAD)},
        {},
        {"key": SHARED},
    ),
    "layers": ({"q": np.stack([K, Q])[:, None], "k": np.stack([Q, K])[:, None]}, {"layer": 1}, {}),
    "by layer": ({"q_0": K, "k_0": Q, "q_7": Q, "k_7": K}, {"layer": 7}, {}),
    "batch item": (
        {"q": np.stack([K, Q]), "k": np.stack([Q, K])},
        {"which": 1, "axes": "bhtd"},
        {},
    ),
    "added mask": ({"q": Q, "k": K, "attn_mask": ADDED}, {}, "causal"),
    "masked side": ({"q": Q, "k": K, "attn_mask": ~LOWER}, {}, "causal"),
    "visible side": ({"q": Q, "k": K, "attn_mask": LOWER}, {}, "causal"),
    "a side that leaves each query a key": (
        {"q": Q, "k": K, "attn_mask": ONE_ROW},
        {},
        {"allowed": ONE_ROW},
    ),
    "mask expression": ({"q": Q, "k": K}, {"mask": "causal"}, "causal"),
    "variant": ({"q": Q, "k": K}, {"variant": "causal"}, "causal"),
    "key padding": (
        {"q": Q[None], "k": K[None], "attention_mask": np.array([[1, 1, 1, 1, 0]])},
        {},
        {"allowed": np.broadcast_to(np.arange(QUERY) < 4, (QUERY, QUERY))},
    ),
    "scale and bias": (
        {"q": Q, "k": K, "scale": np.float32(0.25), "attn_bias": np.float32(LOWER * 0.5)},
        {},
        {"scale": 0.25, "bias": LOWER * 0.5},
    ),
    "scale of the weights": (
        {"q": Q, "k": K, "weights": np.float32(attention(Q, K, scale=1.0))},
        {},
        {"scale": 1.0},
    ),
    "heads of the weights": (
        {"q_proj": side_by_side(Q), "k_proj": side_by_side(K), "weights": attention(Q, K)[None]},
        {"axes": "btd"},
        {},
    ),
}


def is_finite(named):
    return all(np.isfinite(value).all() for value in named.values())


@pytest.mark.parametrize(
    ("name", "form"),
    [
        (name, form)
        for name, (named, *_) in CASES.items()
        for form in ("arrays", "npz", "safetensors", *(["json"] if is_finite(named) else []))
    ],
)
def test_the_weights_are_those_of_the_formula(name, form):
    named, options, truth = CASES[name]
    if form == "npz":
        np.savez(file := BytesIO(), **named)
        named = BytesIO(file.getvalue())
    elif form == "safetensors":
        named = BytesIO(save({key: np.ascontiguousarray(a) for key, a in named.items()}))
    elif form == "json":
        text = json.dumps({key: np.asarray(value).tolist() for key, value in named.items()})
        named = BytesIO(text.encode())
    truth = {"allowed": LOWER} if truth == "causal" else dict(truth)
    expected = attention(Q, truth.pop("key", K), **truth)[3]
    weights, explanation = weights_of(named, **options)
    assert np.abs(weights - expected).max() < 1e-6
    assert explanation.meta.get("stored_weights", {"equal": True})["equal"]


def test_weights_in_the_source_that_differ_are_compared():
    stored = attention(Q, K)
    stored[3, 1] = stored[3, 1][::-1]
    _, explanation = weights_of({"q": Q, "k": K, "attentions": np.float32(stored)})
    found = explanation.meta["stored_weights"]
    error = np.abs(stored - attention(Q, K))[3]
    assert not found["equal"] and found["query"] == 1
    assert found["difference"] == pytest.approx(error.max(), abs=1e-6)
    step = explanation.steps[-1]
    assert step.numbers[1] == pytest.approx((stored - attention(Q, K))[3, 1], abs=1e-6)
    assert weights_of({"q": Q, "k": K, "attentions": stored}, head=2)[1].meta["stored_weights"][
        "equal"
    ]


def test_scores_in_the_source_are_not_compared_as_weights():
    scores = np.float32(Q @ K.swapaxes(1, 2))
    _, explanation = weights_of({"q": Q, "k": K, "attn_scores": scores})
    assert "stored_weights" not in explanation.meta
    weights = np.float32(attention(Q, K))
    _, explanation = weights_of({"q": Q, "k": K, "attention_scores": weights})
    assert explanation.meta["stored_weights"]["equal"]  # Keras calls weights so


def test_rows_of_nan_are_masked_queries():
    weights = attention(Q, K)
    weights[:, 2] = np.nan
    explanation = attnviz.explain({"q": Q, "k": K, "attentions": weights})
    assert explanation.meta["stored_weights"]["equal"]
    assert "4 rows of NaN, shown as masked" in explanation.meta["guessed"]


def test_half_precision_is_compared_with_its_own_tolerance():
    named = {"q": np.float16(Q), "k": np.float16(K)}
    weights = np.float16(attention(np.float64(named["q"]), np.float64(named["k"])))
    assert weights_of({**named, "attentions": weights})[1].meta["stored_weights"]["equal"]


def test_the_arithmetic_of_a_weight_and_the_output():
    explanation = attnviz.explain((Q, K, V), head=2, cell=("4", "1"), tokens=list("abcde"))
    assert explanation.cell.query.label == "e" and explanation.cell.key.label == "b"
    assert explanation.cell.lines[-1].value == pytest.approx(attention(Q, K)[2, 4, 1])
    output = {step.name: step for step in explanation.steps}["output"].numbers
    assert np.allclose(output, attention(Q, K)[2] @ V[2])
    assert "values" not in [step.name for step in attnviz.explain((Q, K)).steps]


@pytest.mark.parametrize("variant", ["multihead", "causal", "grouped-query", "alibi"])
def test_maps_with_vectors_are_explained_from_them(variant):
    amap = attnviz.look("The cat sat", variant=variant, with_vectors=True)
    last = amap.heads[-1]
    explanation = attnviz.explain(amap, head=last)
    assert explanation.meta["stored_weights"]["equal"]
    again = attnviz.explain(npz_file(amap), head=last)
    assert again.title == explanation.title and again.meta["stored_weights"]["equal"]


def npz_file(amap):
    attnviz.write(amap, file := BytesIO(), format="npz")
    return BytesIO(file.getvalue())


def with_value(array, value):
    """The array with another value in its first cell.    [...] -> [...]"""
    array.flat[0] = value
    return array


REFUSED = [  # the source; further arguments; what the message says
    ({"attentions": attention(Q, K)}, {}, "no queries and keys"),
    ({"q": Q, "v": V}, {}, "no pair of queries and keys"),
    ({"q_proj": side_by_side(Q), "k_proj": side_by_side(K)}, {}, "heads=N, their number"),
    ({"in_proj": np.zeros((QUERY, 0), np.float32)}, {}, "no queries and keys"),
    ({"in_proj": fused(Q, K, V)}, {}, "heads=N, their number"),
    ({"in_proj": fused(Q, K, V)}, {"heads": 2 * HEAD + 1}, "do not fit each other"),
    ({"query_key_value": fused(Q, K, V)}, {"heads": HEAD}, "no pair of queries and keys"),
    ({"q": Q, "k": K[:, :, :2]}, {}, "do not fit each other"),
    ({"q": Q[0, 0], "k": K[0, 0]}, {}, "no queries and keys"),
    ({"q": Q[None, None, None], "k": K[None, None, None]}, {}, "no queries and keys"),
    ({"q": Q, "k": K, "attn_mask": np.eye(QUERY) + np.eye(QUERY)[::-1] > 0}, {}, "its 1 may"),
    ({"q": Q, "k": K, "attentions": attention(Q, K)[:, :3]}, {}, "do not fit"),
    ({"q": Q[None], "k": np.stack([K, K])}, {}, "do not fit each other"),
    ((Q, K.tolist()), {}, "type tuple should be a file, a mapping of names to arrays, or a tuple"),
    ({"q": Q, "k": K * np.nan}, {}, "finite"),
    ({"q": Q, "k": K, "v": V[0]}, {}, "do not fit each other"),
    ({"q": Q, "k": K, "attentions": with_value(attention(Q, K), np.nan)}, {}, "query 0, key 0 is"),
    ({"q": Q, "k": K, "attentions": with_value(attention(Q, K), np.inf)}, {}, "query 0, key 0 is"),
    ({"q": Q, "k": K, "num_heads": np.nan}, {}, "num_heads should be a finite"),
    ({"q": Q, "k": K, "num_heads": 1e300}, {}, "from 1 to 65,536"),
    ({"q": Q, "k": K, "scale": 10**400}, {}, "scale should be a finite"),
    ({"q": Q, "k": K, "softcap": -np.inf}, {}, "softcap should be a finite"),
    ({"q": Q, "k": K}, {"heads": -1}, "heads=-1 must be"),
    ({"q": Q[0], "k": K[0]}, {"heads": 0}, "heads=0 must be"),
    ({"q": Q, "k": K}, {"axes": 3}, "axes=3 should be"),
    (dict.fromkeys("qk", np.broadcast_to(np.float32(1), (1, 1 << 20, 1))), {}, "of memory"),
    ({"q": Q, "k": K, "alibi": np.ones((7, 7))}, {}, "alibi: its shape"),
    ({"q": Q, "k": K}, {"variant": "additive"}, "learned parameters"),
    ({"q": Q, "k": K}, {"variant": "talking-heads"}, "heads are combined"),
    ({"q": Q, "k": K}, {"variant": "efficient"}, "alone"),
    ({"q": Q, "k": K}, {"seed": 3}, "seed has no effect"),
    ({"q": Q, "k": K}, {"positions": "sinusoidal"}, "added to the embeddings"),
    ({"q": Q, "k": K}, {"axes": "hqd"}, "does not fit"),
    ({"q": Q, "k": K}, {"axes": "htdd"}, "one letter per axis"),
    ({"q": Q, "k": K}, {"axes": "hxd"}, "one letter per axis"),
    ({"q": Q, "k": K}, {"head": 9}, "there is no head 9"),
    ({"q": Q, "k": K}, {"context": "a"}, "context has no effect"),
    ("The cat", {"which": 1}, "which has no effect"),
    (
        attnviz.look("The cat sat", variant="causal", bias="alibi", with_vectors=True),
        {},
        "explain its text",
    ),
    (attnviz.look("The cat sat"), {}, "without the queries and keys"),
]


@pytest.mark.parametrize(
    ("source", "options", "message"), REFUSED, ids=lambda case: str(case)[:40]
)
def test_what_cannot_be_explained_is_refused(source, options, message):
    refusals = InvalidInputError, MisuseError, UnknownParameterError
    with pytest.raises(refusals, match=message) as caught:
        attnviz.explain(source, **options)
    assert "\n" not in str(caught.value)


def test_a_reading_of_axes_that_is_a_guess_is_stated():
    square = np.float32(RANDOM.normal(size=(1, 4, 4, D)))
    with pytest.warns(GuessWarning, match="as .batch, head, token, d"):
        explanation = attnviz.explain({"q": square, "k": square})
    assert "[batch, head, token, d]; override with --axes bthd" in explanation.meta["guessed"][0]


def test_the_thirds_of_a_fused_projection_are_stated():
    explanation = attnviz.explain({"qkv": fused(Q, K, V)}, heads=HEAD, head=3)
    width = HEAD * D
    stated = f"splitting {3 * width} dimensions into queries, keys and values of {width}"
    assert stated in explanation.meta["guessed"]
    output = next(step for step in explanation.steps if step.name == "output")
    assert np.allclose(output.numbers, attention(Q, K)[3] @ V[3], atol=1e-6)


def test_a_mask_over_keys_separates_sequences_from_heads():
    """[2, token, 4]: two sequences with two heads side by side, or two heads of one sequence."""
    query, key = np.random.default_rng(7).normal(
        size=(2, 2, 2, QUERY, 2)
    )  # each [batch, head, token, d]
    weights = [attention(q, k, scale=2**-0.5) for q, k in zip(query, key, strict=True)]
    sides = {name: a.swapaxes(1, 2).reshape(2, QUERY, 4) for name, a in (("q", query), ("k", key))}
    named = {**sides, "attentions": np.array(weights), "attention_mask": np.ones((2, QUERY), int)}
    shown = weights_of(named, head=1, which=1)[0]
    assert np.abs(shown - weights[1][1]).max() < 1e-6
    with pytest.raises(InvalidInputError, match="with 2 heads, 5 queries, 3 keys do not"):
        attnviz.explain(named | {"attentions": np.array(weights)[..., :3]})


def test_one_head_is_an_assumption_where_the_number_is_not_stated():
    flat = {"q": side_by_side(Q)[0], "k": side_by_side(K)[0]}
    assert "assuming one head; add --heads N" in attnviz.explain(flat).meta["guessed"][0]
    weights, explanation = weights_of(flat, heads=HEAD)
    assert np.abs(weights - attention(Q, K)[3]).max() < 1e-6
    assert not any("one head" in guess for guess in explanation.meta["guessed"])


def test_a_compressed_file_is_a_file(tmp_path):
    np.savez(file := BytesIO(), q=Q, k=K)
    path = tmp_path / "vectors.npz.gz"
    path.write_bytes(gzip.compress(file.getvalue()))
    for source in (path, str(path)):
        assert attnviz.explain(source).title.startswith("vectors.npz.gz, layer 0, head 0")
