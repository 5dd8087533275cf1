"""Row remainder: the weight on no key, of signed rows by magnitude."""

from dataclasses import replace

import numpy as np

from attnviz.api.look import look
from attnviz.render.row_remainder import Remainder
from tests.conftest import make_map

AT_MOST_1 = {"row_sum": "at most 1", "signed": True}


def test_signed_weights_that_sum_to_1_in_magnitude_have_no_remainder():
    assert Remainder.of(look("The cat sat on the mat", variant="cog")) is None


def test_the_remainder_of_signed_weights_is_1_minus_their_magnitudes():
    weights = np.array([[[[0.75, -0.25], [-0.25, -0.25]]]])
    remainder = Remainder.of(replace(make_map("ab", n_head=1), weights=weights, meta=AT_MOST_1))
    assert remainder.mark == "∅"
    assert remainder.values.tolist() == [[[0.0, 0.5]]]


def test_the_remainder_of_other_weights_is_1_minus_the_row_sum():
    weights = np.array([[[[0.75, 0.0], [0.25, 0.25]]]])
    remainder = Remainder.of(
        replace(make_map("ab", n_head=1), weights=weights, meta={"row_sum": "at most 1"})
    )
    assert remainder.values.tolist() == [[[0.25, 0.5]]]
