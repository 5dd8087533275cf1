"""Sparklines: the lowest bar at the low end, the highest at the high end."""

from math import nan

from attnviz.render.sparkline import sparkline


def test_bars_are_spread_between_the_ends():
    assert sparkline([0, 1 / 8, 0.5, 0.99, 1], 0, 1) == "▁▂▅██"
    assert sparkline([-1, 2], 0, 1, ascii=True) == "_#"


def test_missing_values_and_a_range_of_zero_are_no_division_by_zero():
    assert sparkline([None, nan, 3], 3, 3) == "··▁"
    assert sparkline([None, 3], 3, 3, ascii=True) == "._"
