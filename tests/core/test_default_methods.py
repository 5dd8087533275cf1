"""What a part of a user does not define: the defaults of its base class, or a refusal by name."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import attnviz
from attnviz.core.biases import Bias
from attnviz.core.engine.attend_arguments import to_array
from attnviz.core.engine.collectors import Collector
from attnviz.core.heads import MultiHead
from attnviz.core.masks import Causal, Mask
from attnviz.core.mixers import CausalMixer, Mixer
from attnviz.core.mixers.coverage import HistoryAdditive
from attnviz.core.mixers.slot_memory import SlotMemory
from attnviz.core.normalizers import Normalizer
from attnviz.core.normalizers.attention_sink import SinkNormalizer
from attnviz.core.normalizers.constrained import FertilityConstrained
from attnviz.core.normalizers.elementwise import Elementwise
from attnviz.core.numerics import softmax
from attnviz.core.positions import Rope
from attnviz.core.positions.rope_scaling import ScaledRope
from attnviz.core.scales import Scale
from attnviz.core.scores import Score
from attnviz.core.variant import Variant
from attnviz.errors import MisuseError, NumbersError, ShapeError
from tests.core.layers import make_layer

TEXT = "a b c d"
REQUIRED = [  # methods that a subclass defines, and the number of their arguments
    (Bias, "__call__", 2),
    (Mask, "__call__", 1),
    (Mixer, "__call__", 2),
    (Normalizer, "__call__", 3),
    (Scale, "__call__", 1),
    (Score, "__call__", 1),
    (Score, "compute_values", 1),
    (HistoryAdditive, "history_term", 3),
    (HistoryAdditive, "history_lines", 2),
    (SlotMemory, "features", 2),
    (SlotMemory, "slot_weights", 2),
    (SlotMemory, "share_rows", 3),
    (SinkNormalizer, "sink_line", 1),
    (FertilityConstrained, "normalize_row", 2),
    (Elementwise, "activate", 2),
    (Elementwise, "pieces", 2),
    (Collector, "accumulator", 2),
]
IDS = [f"{base.__name__}-{method}" for base, method, _ in REQUIRED]


@pytest.mark.parametrize(("base", "method", "n_argument"), REQUIRED, ids=IDS)
def test_a_class_that_lacks_a_required_method_is_named(base, method, n_argument):
    unfinished = object.__new__(type("Unfinished", (base,), {}))
    with pytest.raises(TypeError, match=r"^Unfinished (does not define|computes no values)"):
        getattr(unfinished, method)(*[None] * n_argument)


class Half(Bias):
    """Half of a logit is added to it."""

    name = "half"

    def __call__(self, logits, inputs):
        return logits * 1.5


class Kept(Normalizer):
    """A softmax over the keys with a positive logit, or over all."""

    name = "kept"

    def restrict_visible(self, logits, visible, inputs):
        positive = visible & (logits > 0)
        return np.where(positive.any(-1, keepdims=True), positive, visible)

    def __call__(self, logits, visible, inputs):
        return softmax(logits, visible)


class Halved(MultiHead):
    """Weights are halved after the normalizer."""

    name = "halved"

    def mix_weights(self, weights, inputs):
        return weights / 2


class Uniform(CausalMixer):
    """A mean of all visible keys."""

    name = "uniform"
    formula = "1 / n"

    def __call__(self, inputs, visible):
        return visible / visible.sum(-1, keepdims=True)


class Flat(Mixer):
    """A quarter for each key."""

    name = "flat"
    formula = "1 / 4"

    def __call__(self, inputs, visible):
        return np.full(visible.shape, 0.25)


def lines_of(query, key, **parts):
    row = Variant(name="own", summary="of a user", formula="", **parts)
    explanation = attnviz.explain(TEXT, variant=row, cell=(query, key))
    return {line.label: line for line in explanation.cell.lines}, explanation


def test_a_bias_without_lines_is_explained_by_its_term():
    lines, _ = lines_of("3", "1", bias=(Half(),))
    scaled = lines["scaled"].value
    assert (lines["term"].expression, lines["term"].value) == ("half", pytest.approx(scaled / 2))
    assert lines["half"].value == pytest.approx(1.5 * scaled)


def test_a_normalizer_without_lines_states_its_selection_and_its_weight():
    selected = []
    for key in "0123":
        lines, _ = lines_of("3", key, normalize=Kept())
        assert lines["selected"].expression == "kept"
        is_masked = lines["selected"].value == 0
        selected.append(lines["selected"].value)
        weight = "0 (masked)" if is_masked else "kept over the row"
        assert lines["weight"].expression == weight
        assert (lines["weight"].value == 0) == is_masked
    assert set(selected) == {0.0, 1.0}


def test_a_head_layout_without_lines_adds_none():
    lines, _ = lines_of("3", "1", heads=Halved())
    plain, _ = lines_of("3", "1")
    assert [*lines] == [*plain] and lines["weight"] == plain["weight"]


@pytest.mark.parametrize(("mixer", "weight"), [(Uniform(), 1 / 3), (Flat(), 0.25)], ids=str)
def test_a_mixer_without_lines_states_its_weight(mixer, weight):
    lines, _ = lines_of("2", "1", mixer=mixer, mask=Causal())
    assert lines["weight"].expression == f"{mixer}, over the whole matrix"
    assert lines["weight"].value == pytest.approx(weight)


def test_a_rope_without_scaling_of_its_own_is_plain_rope():
    vectors, positions = np.random.default_rng(1).normal(size=(2, 5, 6)), np.arange(5)
    rotated = ScaledRope(base=100.0).rotate(vectors, positions, "query")
    assert_array_equal(rotated, Rope(base=100.0).rotate(vectors, positions, "query"))
    assert np.abs(rotated[:, 1:] - vectors[:, 1:]).min() > 0


def test_the_bias_of_a_source_is_a_line_of_its_own():
    random = np.random.default_rng(3)
    query, key = random.normal(size=(2, 2, 4, 6))
    bias = random.normal(size=(2, 4, 4))
    source = {"query": query, "key": key, "bias": bias}
    explanation = attnviz.explain(source, head=1, cell=("3", "2"))
    (term,) = [line for line in explanation.cell.lines if line.label == "bias"]
    assert (term.expression, term.value) == ("given", pytest.approx(bias[1, 3, 2]))


class Inverted(Normalizer):
    """An inverse of a matrix that has none."""

    name = "inverted"

    def __call__(self, logits, visible, inputs):
        return np.linalg.inv(logits * 0)


def test_a_matrix_without_inverse_is_an_error_of_numbers_that_names_the_mechanism():
    row = Variant(name="own", summary="", formula="", normalize=Inverted())
    with pytest.raises(NumbersError, match="variant 'own': Singular matrix"):
        attnviz.look(TEXT, variant=row)


def test_missing_parameters_are_named_with_those_that_are_present():
    _, inputs = make_layer(Variant(name="own", summary="", formula=""), params={"u": np.ones(2)})
    with pytest.raises(MisuseError, match=r"parameters 'w' are missing \(given: u\)"):
        inputs.param("w")
    _, inputs = make_layer(Variant(name="own", summary="", formula=""))
    with pytest.raises(MisuseError, match=r"parameters 'w' are missing \(given: none\)"):
        inputs.param("w")


def test_batch_axes_that_do_not_broadcast_are_refused_with_the_shapes():
    query, key = np.ones((2, 3, 1, 4, 5)), np.ones((2, 2, 1, 4, 5))
    message = r"batch axes of query \(2, 3, .*\), key \(2, 2, .*\), value \(3, 1, 4, 5\) do not"
    with pytest.raises(ShapeError, match=message):
        attnviz.attend(query, key, np.ones((3, 1, 4, 5)))


class Foreign:
    """An object of another library, whose conversion to an array fails."""

    def __init__(self, error):
        self.error = error

    def __array__(self, *args, **kwargs):
        raise self.error


def test_an_object_that_is_no_array_is_refused_except_where_memory_ends():
    with pytest.raises(MisuseError, match="key is not an array: it is on a GPU"):
        to_array("key", Foreign(RuntimeError("it is\non a GPU")))
    with pytest.raises(MemoryError):
        to_array("key", Foreign(MemoryError()))
