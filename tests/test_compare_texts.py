"""Two sentences compared: aligned by position, or by the tokens that they share."""

import json

import numpy as np
import pytest

import attnviz
from attnviz.core.comparison import compared_heads
from attnviz.errors import AttnvizWarning, MisuseError
from attnviz.measures.alignment import align_maps
from tests.cli.runner import run
from tests.sources.reference import MODELS

CAT, DOG, BIG = "The cat sat", "The dog sat", "The big cat sat"
BERT = str(MODELS / "bert")


def labels(tokens):
    """The labels of tokens."""
    return [token.label for token in tokens]


@pytest.mark.parametrize("options", [{"variants": ["causal"]}, {}, {"model": BERT}], ids=str)
def test_as_many_tokens_are_aligned_by_position(options):
    made = attnviz.compare(CAT, other_text=DOG, **options)
    mechanism = (
        {**options, "variant": options["variants"][0]} if "variants" in options else options
    )
    mechanism = {name: value for name, value in mechanism.items() if name != "variants"}
    one, other = (attnviz.look(text, **mechanism).weights for text in (CAT, DOG))
    assert np.array_equal(made.weights[:, 0::3], one)
    assert np.array_equal(made.weights[:, 1::3], other)
    assert np.allclose(made.weights[:, 2::3], other.astype(float) - one)
    assert "cat/dog" in labels(made.queries) and labels(made.keys) == labels(made.queries)
    assert made.meta["alignment"].startswith("aligned by position, 1 of ")
    assert made.meta["compared"] == [CAT, DOG] and made.meta["other_text"] == DOG
    assert {head.kind for head in compared_heads(made)} == {"original", "changed", "difference"}


def test_texts_of_other_lengths_are_aligned_by_common_tokens_with_a_note():
    with pytest.warns(AttnvizWarning, match=r"aligned by common tokens: 3 queries \(of 3 and 4\)"):
        made = attnviz.compare(CAT, other_text=BIG, variants=["scaled-dot"])
    assert labels(made.queries) == labels(made.keys) == ["The", "cat", "sat"]
    kept = attnviz.look(BIG, variant="scaled-dot").weights[0, 0][np.ix_([0, 2, 3], [0, 2, 3])]
    assert np.array_equal(made.weights[0, 1], kept)


def test_a_context_of_both_sentences_is_the_same():
    made = attnviz.compare(CAT, "le chat", other_text=DOG, variants=["cross"])
    assert labels(made.keys) == ["le", "chat"] and labels(made.queries)[1] == "cat/dog"


@pytest.mark.parametrize(
    ("other_text", "variants", "says"),
    [
        (DOG, ["dot", "hard"], "with one mechanism"),
        (CAT, ["dot"], "twice the same sentence"),
        ("a b", ["dot"], "share no tokens"),
        (None, ["dot"], "or a second sentence"),
    ],
)
def test_what_is_refused(other_text, variants, says):
    with pytest.raises(MisuseError, match=says):
        attnviz.compare(CAT, other_text=other_text, variants=variants)


def test_the_output_states_how_texts_are_aligned(tmp_path):
    made = run("compare", CAT, DOG, "-v", "scaled-dot", width=160)
    assert f"scaled-dot, {CAT} vs. {DOG}" in made.out and "aligned by position" in made.out
    assert f"{DOG} − {CAT} · JS " in made.out and made.err == ""
    made = run("compare", CAT, BIG, "-f", "csv")
    assert "note: texts differ; aligned by common tokens" in made.err
    for suffix in ("svg", "html"):
        out = tmp_path / f"c.{suffix}"
        assert run("compare", CAT, DOG, "-o", str(out)).status == 0
        assert "aligned by position" in out.read_text()


def test_long_sentences_that_begin_alike_have_names_of_their_own():
    long = "one two three four five six seven eight nine "
    made = attnviz.compare(long + "ten", other_text=long + "eleven", variants=["dot"])
    first, second = made.meta["compared"]
    assert first != second and max(map(len, (first, second))) < 40


def test_diff_of_files_aligns_by_position_too(tmp_path):
    for name, text in (("a", CAT), ("b", DOG), ("c", BIG)):
        run(text, "-v", "causal", "-o", str(tmp_path / f"{name}.json"))
    a, b, c = (str(tmp_path / f"{name}.json") for name in "abc")
    made = run("diff", a, b, "--json")
    document = json.loads(made.out)
    one, other = (attnviz.read(file).weights.astype(float) for file in (a, b))
    assert np.allclose(document["weights"], other - one, atol=1e-7)
    assert [token["label"] for token in document["queries"]] == ["The", "cat/dog", "sat"]
    assert "note: texts differ; aligned by position, 1 of 3 queries differ" in made.err
    assert "aligned by common tokens" in run("diff", a, c).out.replace("\n", " ")


def test_equal_texts_are_not_aligned():
    amap = attnviz.look(CAT, variant="dot")
    assert align_maps(amap, amap) == (amap, amap, None)


def test_weights_that_are_no_distributions_are_compared_without_divergence():
    made = attnviz.compare(CAT, variants=["sigmoid", "dot"])
    assert made.meta["divergence"] == {} and not any("JS" in name for name in made.names)
    largest = attnviz.compare(CAT, variants=["multihead", "alibi"], heads=4, select_heads="max")
    assert largest.names[0].endswith("max of 4 heads")


def test_a_single_layer_of_a_model_is_named():
    made = attnviz.compare(CAT, other_text=DOG, model=BERT, select_heads="2.1")
    assert made.head_name(0, 0) == f"layer 2 · {CAT} · head 1"
