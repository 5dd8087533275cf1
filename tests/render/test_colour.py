"""Palettes equal those of matplotlib; text contrast; limits of color scales."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest

from attnviz.errors import MisuseError, UnknownNameError
from attnviz.render.colors import (
    BLACK,
    WHITE,
    ColorScale,
    contrast_ink,
    contrast_levels,
    find_palette,
    luminance,
)
from attnviz.render.palette import PALETTES


def generator():
    spec = spec_from_file_location("make_palettes", Path(__file__).with_name("make_palettes.py"))
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def name_of(row):
    return row.name


@pytest.mark.parametrize("palette", PALETTES, ids=name_of)
def test_tables_are_those_of_matplotlib(palette):
    assert palette.rgb.tobytes() == generator().table(palette.name)


def test_the_stored_file_is_up_to_date():
    make = generator()
    assert make.TARGET.read_text(encoding="utf-8") == make.module_text()
    assert {p.name for p in PALETTES} == set(make.NAMES)


@pytest.mark.parametrize("palette", PALETTES, ids=name_of)
def test_ink_is_readable_on_every_level(palette):
    assert min(contrast(contrast_ink(c), c) for c in palette.rgb) >= 4.5
    levels = [contrast_ink(tuple(color))[0] for color in palette.rgb]
    assert contrast_levels(palette.rgb).tolist() == levels


def test_a_switch_at_half_the_brightness_would_not_be_readable():
    def naive(rgb):
        return BLACK if sum(map(int, rgb)) > 382 else WHITE

    assert min(contrast(naive(c), c) for p in PALETTES for c in p.rgb) < 4.5


@pytest.mark.parametrize("palette", PALETTES, ids=name_of)
def test_lightness_is_monotonic_or_has_its_extremum_in_the_middle(palette):
    light = np.array([luminance(c) for c in palette.rgb])
    steps = np.diff(light[:120] if palette.is_diverging else light)
    assert (steps >= -2e-3).all() or (steps <= 2e-3).all()


def test_sequential_scales_run_from_zero_to_the_largest():
    scale = ColorScale.of(np.array([0.0, 0.1, 0.4]))
    assert (scale.low, scale.high, scale.palette.name) == (0.0, 0.4, "viridis")
    assert scale.levels(np.array([0.0, 0.2, 0.4, 9.0])).tolist() == [0, 128, 255, 255]


@pytest.mark.parametrize("choice", [{"signed": True}, {"palette": "coolwarm"}], ids=str)
def test_diverging_scales_are_symmetric_around_zero(choice):
    scale = ColorScale.of(np.array([-0.1, 0.5]), **choice)
    assert (scale.low, scale.high) == (-0.5, 0.5)
    assert scale.levels(np.array([-0.5, 0.0, 0.5])).tolist() == [0, 128, 255]


def test_signed_weights_get_a_diverging_palette():
    assert find_palette(None, signed=True).is_diverging


@pytest.mark.parametrize("weights", [[0.0], [], [5e-324], [1e308, -1e308]], ids=str)
def test_odd_weights_have_colours(weights):
    array = np.array(weights)
    assert ColorScale.of(array, signed=True).rgb(array).shape == (len(weights), 3)


def test_all_zero_weights_have_a_scale_that_is_no_division_by_zero():
    assert ColorScale.of(np.zeros((2, 3))).levels(np.zeros(3)).tolist() == [0, 0, 0]


def test_an_unknown_palette_suggests_the_near_one():
    with pytest.raises(UnknownNameError, match="viridis"):
        find_palette("viridus")


def loaded(code):
    script = f"import sys; {code}; print('matplotlib' in sys.modules)"
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_colours_do_not_load_matplotlib():
    assert loaded("import attnviz.render.colors as c; c.find_palette('magma').rgb") == "False"


def test_the_check_above_notices_matplotlib():
    assert loaded("import matplotlib") == "True"


def test_limits_are_the_ends_of_the_scale():
    weights = np.array([0.0, 0.1, 0.35, 0.5, 0.9])
    scale = ColorScale.of(weights, limits=(0.1, 0.5))
    assert (scale.low, scale.high) == (0.1, 0.5)
    assert scale.levels(weights).tolist() == [0, 0, 159, 255, 255]
    note = "outside the scale: 1 below 0.1, down to 0; 1 above 0.5, up to 0.9"
    assert scale.outside_note(weights) == note
    assert scale.outside_note(weights, weights != 0.35) == ""
    assert ColorScale.of(weights, limits=(None, 0.5)).low == 0.0


def test_a_limit_that_is_the_largest_weight_is_not_exceeded_by_rounding():
    weights = np.array([0.1, 0.4], np.float32)
    assert ColorScale.of(weights, limits=(0.1, 0.4)).outside_note(weights) == ""


@pytest.mark.parametrize("limits", [(None, 0.2), (-0.2, None), (-0.2, 0.2)], ids=str)
def test_limits_of_a_centered_scale_are_symmetric(limits):
    scale = ColorScale.of(np.array([-0.5, 0.1]), signed=True, limits=limits)
    assert (scale.low, scale.high) == (-0.2, 0.2)
    assert scale.levels(np.array([-0.5, 0.0, 0.2])).tolist() == [0, 128, 255]


@pytest.mark.parametrize(
    ("limits", "signed", "says"),
    [
        ((0.5, 0.5), False, "must be below"),
        ((None, -1.0), False, "must be below"),
        ((2.0, None), False, "must be below"),
        ((0.1, 0.5), True, "symmetric about 0"),
        ((None, 0.0), True, "must be below"),
    ],
)
def test_limits_without_a_scale_are_refused(limits, signed, says):
    with pytest.raises(MisuseError, match=says):
        ColorScale.of(np.array([0.2, 0.9]), signed=signed, limits=limits)


def test_a_signed_scale_ends_at_the_largest_magnitude():
    assert ColorScale.of(np.array([-0.9, 0.3]), signed=True).high == 0.9


def test_masked_weights_are_not_outside_of_a_scale():
    scale = ColorScale.of(np.array([0.6]), limits=(0.2, 0.5))
    below, above = scale.outside(np.array([0.0, 0.1, 0.6]), np.array([True, False, False]))
    assert (below.tolist(), above.tolist()) == ([0.1], [0.6])
