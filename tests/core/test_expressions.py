"""Expressions of `explain` as text: digits, parentheses of negative numbers, whole numbers."""

import pytest

from attnviz.core.arithmetic import ArithmeticLine, format_digits, format_pieces


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        ((1 / 3, " + ", 2e-7), "0.333333 + 2e-07"),
        ((1234567.8, " / ", 1234567), "1.23457e+06 / 1234567"),
        ((-0.5, " − ", -0.25, " × ", -2), "-0.5 − (-0.25) × (-2)"),
        (("max(", -0.5, ", ", -0.25, ")"), "max(-0.5, -0.25)"),
        ((-0.5, "² + ", -3, "^2 + ", 0.5, "²"), "(-0.5)² + (-3)^2 + 0.5²"),
        (("√", 4.0, " − ", -0.0), "√4 − 0"),
    ],
)
def test_numbers_of_an_expression_have_six_digits(pieces, text):
    assert format_pieces(pieces) == text
    assert ArithmeticLine("label", pieces, 0.0).expression == text


def test_other_numbers_of_digits():
    assert [format_digits(2 / 3, n) for n in (1, 3, 9)] == ["0.7", "0.667", "0.666666667"]
    assert format_pieces((2 / 3, " − ", -1 / 3), 2) == "0.67 − (-0.33)"
