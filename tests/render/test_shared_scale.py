"""One color scale for several texts."""

from __future__ import annotations

import re

import pytest

import attnviz
from attnviz.render.shared_scale import ScaleEnds, share_scale
from attnviz.render.style import Style
from tests.cli.runner import run

TEXTS = ("the cat sat", "a dog", "one two three four five six")


def joint(*amaps, **style):
    """The style that these maps share."""
    return share_scale(Style(**style), [ScaleEnds.of(amap, Style(**style)) for amap in amaps])


def test_the_shared_scale_holds_all_weights():
    amaps = [attnviz.look(text) for text in TEXTS]
    style = joint(*amaps)
    assert (style.vmin, style.norm) == (0.0, "linear")
    assert style.vmax == max(float(amap.weights.max()) for amap in amaps)
    assert {ScaleEnds.of(amap, style) for amap in amaps} == {ScaleEnds.of(amaps[0], style)}
    signed = attnviz.look(TEXTS[0], variant="cog")
    assert joint(*amaps, signed).vmin is None
    assert joint(*amaps, vmax=0.3).vmax == 0.3 and share_scale(Style(), []) == Style()


def test_texts_of_different_length_share_a_norm():
    long = attnviz.look(" ".join(f"w{n}" for n in range(70)), variant="causal")
    short, signed = attnviz.look(TEXTS[0]), attnviz.look(TEXTS[0], variant="cog")
    style = joint(long, short)
    assert style.norm == "log" and 0 < style.vmin < style.vmax
    assert joint(long, short, norm="linear").norm == "linear"
    assert joint(long, signed).norm == "sqrt"


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_pictures_of_a_batch_have_one_scale(tmp_path, jobs):
    path = tmp_path / "in.txt"
    path.write_text("\n".join(TEXTS))
    for words in ((), ("--shared-scale",))[int(jobs) - 1 :]:  # two processes take a second
        made = run("-i", str(path), "-j", jobs, "-o", str(tmp_path / "{n}.svg"), *words)
        assert made.status == 0, made.err
        tops = {
            re.findall(r">(0\.\d+|1)</text>", (tmp_path / f"{n}.svg").read_text())[-1]
            for n in (1, 2, 3)
        }
        scales = re.findall(r"scale 0–(\S+)", run("-i", str(path), *words).out)
        assert len(scales) == 3 and (len(set(scales)) == 1) == bool(words)
        assert tops


def test_maps_of_a_file_share_a_scale(tmp_path):
    path = tmp_path / "maps.jsonl"
    assert run("-", "-o", str(path), stdin="\n".join(TEXTS)).status == 0
    alone, shared = (run("render", str(path), *words).out for words in ((), ("--shared-scale",)))
    scales = [re.findall(r"scale 0–(\S+)", out) for out in (alone, shared)]
    assert [len(set(each)) for each in scales] == [3, 1] and len(scales[1]) == 3


def test_it_is_refused_where_there_is_one_text(tmp_path):
    made = run(TEXTS[0], "--shared-scale")
    assert made.status == 2 and "--shared-scale has no effect on one TEXT" in made.err
    path = tmp_path / "in.txt"
    path.write_text("\n".join(TEXTS))
    made = run("-i", str(path), "-o", str(tmp_path / "{n}.png"), "--shared-scale", "--resume")
    assert made.status == 2 and "--resume continues another" in made.err
