"""The page as a file: what it says, what it may do, and that its numbers can be read back."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from importlib.resources import files

import numpy as np
import pytest

from attnviz.api.compare import compare
from attnviz.core.tokens import Token
from attnviz.errors import MisuseError
from attnviz.render.colors import PALETTES
from attnviz.render.page import bundle as assets
from attnviz.render.page import data_island as island
from attnviz.render.page import html, pages
from attnviz.render.page.quantize import FINE, packed
from attnviz.render.style import Style
from attnviz.sources.external.attnviz_html import html as read_found
from attnviz.sources.external.attnviz_html import read_page, unpacked
from attnviz.sources.external.selection import Wish
from tests.conftest import HOSTILE, make_map

BUDGET = 60_000  # bytes of code and styles, comments included
FOLDER = files("attnviz.render.page")


class Elements(HTMLParser):
    """The tags of a page with their attributes, and the text of the last of each."""

    def __init__(self, page: bytes):
        super().__init__()
        self.tags, self.last, self.inside = [], {}, None
        self.feed(page.decode("utf-8"))
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.last[tag], self.inside = "", tag

    def handle_data(self, data):
        if self.inside:
            self.last[self.inside] += data

    def handle_endtag(self, tag):
        self.inside = None

    def attributes(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    def policy(self):
        return next(a["content"] for a in self.attributes("meta") if "http-equiv" in a)


def known(page):
    return json.loads(re.search(rb'id="data">([^<]*)<', page)[1])


def softmax_map(n_layer, n_head, n, causal=False):
    logits = np.random.default_rng(7).normal(0, 1.5, (n_layer, n_head, n, n))
    visible = np.tril(np.ones((n, n), bool)) if causal else None
    mass = np.exp(logits) if visible is None else np.exp(logits) * visible
    weights = (mass / mass.sum(-1, keepdims=True)).astype(np.float32)
    made = make_map([f"t{i}" for i in range(n)], n_layer=n_layer, n_head=n_head)
    return type(made)(made.queries, made.keys, weights, visible)


def test_the_same_map_gives_the_same_page():
    style = Style(title="a", made_by={"command": "attnviz x", "attnviz": "1"})
    assert html(make_map(HOSTILE), style) == html(make_map(HOSTILE), style)


def test_nothing_may_be_loaded_and_only_our_script_and_style_run():
    found = Elements(html(make_map(), Style()))
    style, script = found.last["style"], found.last["script"]
    hashed = [b64encode(sha256(text.encode()).digest()).decode() for text in (script, style)]
    assert found.policy() == (
        f"default-src 'none'; script-src 'sha256-{hashed[0]}'; style-src 'sha256-{hashed[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )
    for tag, attributes in found.tags:
        assert not {"src", "href", "style", "srcset", "action"} & set(attributes), tag
        assert not [name for name in attributes if name.startswith("on")], tag


def test_there_is_no_address_in_the_page():
    address = re.compile(rb"\w+:/|url\(|@import", re.IGNORECASE)
    assert not address.search(html(make_map(), Style()))
    assert address.search(html(make_map(["see", "http://x"]), Style()))


@pytest.mark.parametrize("token", HOSTILE, ids=ascii)
def test_foreign_text_adds_no_element_and_comes_back(token):
    plain = Elements(html(make_map(["a", "b", "c"]), Style(title="t")))
    amap = make_map([token, "b", "c"], text=token, meta={"model": token, token: token})
    style = Style(title=token, made_by={token: token}, captions={(0, 0): token})
    page = html(amap, style)
    found = Elements(page)
    extra = [("meta", found.attributes("meta")[-1])]
    assert [tag for tag, _ in found.tags] == [
        tag for tag, _ in plain.tags[:5] + extra + plain.tags[5:]
    ]
    assert b"\xe2\x80\xa8" not in page  # U+2028 ends a line of script in old readers
    assert read_page(page).queries == amap.queries
    assert read_page(page).text == amap.text


def test_the_command_that_made_it_is_in_the_page():
    found = Elements(html(make_map(), Style(made_by={"command": 'attnviz "a <b>"'})))
    assert {"name": "attnviz:command", "content": 'attnviz "a <b>"'} in found.attributes("meta")
    assert known(html(make_map(), Style(title="Mine")))["title"] == "Mine"


def test_wishes_reach_the_page():
    said = known(html(make_map(), Style(palette="magma", view="text", precision=5)))
    assert (said["start"]["palette"], said["start"]["view"]) == ("magma", "text")
    assert said["precision"] == 5


def test_it_begins_with_a_query_that_has_something_to_show():
    def begins(amap, **style):
        return known(html(amap, Style(**style)))["start"]["q"]

    def seen(n_token):
        past = np.tri(n_token, dtype=np.float32)[None, None]
        return replace(make_map(["a"] * n_token, n_head=1), weights=past)

    assert begins(make_map()) == 0
    assert [begins(seen(n)) for n in (1, 3, 40)] == [0, 2, 12]
    assert begins(seen(3), query=1) == 1


def test_without_scripts_the_first_head_is_drawn_and_listed():
    visible = np.tril(np.ones((3, 3), bool))
    amap = make_map(visible=visible)
    amap = type(amap)(amap.queries, amap.keys, amap.weights * visible, visible)
    text = html(amap, Style(precision=2)).decode()
    still = text[text.index("<noscript>") : text.index("</noscript>")]
    assert still.count("<rect") == 9
    assert still.count('fill="none"') == 3
    assert re.findall(r"<td>([^<]*)</td>", still)[:4] == [
        f"{amap.weights[0, 0, 0, 0]:.2f}",
        "hidden",
        "hidden",
        f"{amap.weights[0, 0, 1, 0]:.2f}",
    ]


def test_without_scripts_a_long_text_is_cut_and_says_so():
    text = html(make_map([f"t{i}" for i in range(40)]), Style()).decode()
    assert "The first 24 of 40 queries and the first 24 of 40 keys are shown." in text
    assert text.count("<rect") == 24 * 24


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("many", [False, True])
def test_packed_numbers_come_back_within_half_a_step_of_their_row(signed, many):
    shape = (2, 1, 800, 700) if many else (2, 3, 5, 7)
    array = np.random.default_rng(1).normal(size=shape)
    array = array if signed else np.abs(array)
    array[0, 0, 1] = 0.0
    array[1, 0, 2] *= 1e-12  # a faint row is kept as exactly as the others
    hidden = np.zeros(shape, bool)
    hidden[1, 0, :3, 2] = True
    array[hidden] = 0.0
    made = packed(array, signed, hidden)
    assert made["codes"] == f"{'int' if signed else 'uint'}{8 if many else 16}"
    back, out = unpacked(made, "weights")
    step = np.abs(array).max(-1, keepdims=True) / made["top"]
    assert (np.abs(back - array) <= 0.51 * step + 1e-7 * np.abs(array)).all()
    assert np.array_equal(out, hidden)
    assert (back[hidden] == 0).all()
    assert (back[0, 0, 1] == 0).all()


def test_a_page_reads_back_as_the_map_it_shows():
    amap = softmax_map(2, 3, 7, causal=True)
    back = read_page(html(amap, Style()))
    steps = amap.weights.max(-1, keepdims=True) / 65534
    assert (np.abs(back.weights - amap.weights) <= 0.51 * steps).all()
    assert np.array_equal(back.visible[0, 0], amap.visible[0, 0])
    assert (back.layers, back.heads, back.queries) == (amap.layers, amap.heads, amap.queries)


def test_vectors_come_along_where_they_are_few():
    vectors = {"query_vectors": np.ones((1, 2, 3, 5)), "key_vectors": -np.ones((1, 2, 3, 5))}
    back = read_page(html(make_map(**vectors), Style()))
    assert np.array_equal(back.key_vectors, vectors["key_vectors"])
    wide = FINE // 6 + 1
    vectors = {name: np.ones((1, 2, 3, wide)) for name in vectors}
    said = known(html(make_map(**vectors), Style()))["maps"][0]
    assert "Vectors were left out" in said["kept"]
    assert "dimensions" not in said["views"]
    assert "query_vectors" not in said


def test_several_maps_share_a_page_and_each_can_be_read():
    maps = [make_map(meta={"variant": name}) for name in ("full", "causal")]
    page = pages(maps, Style())
    assert [said["name"] for said in known(page)["maps"]] == ["full", "causal"]
    assert read_found(page, Wish(name="causal")).meta["variant"] == "causal"
    assert read_found(page, Wish(number=1)).meta["variant"] == "causal"
    assert "of 2" in read_found(page, Wish()).guessed[0]
    with pytest.raises(MisuseError):
        pages([], Style())


def test_a_comparison_is_laid_side_by_side():
    amap = compare("The cat sat", variants=["scaled-dot", "hard", "causal"], heads=2)
    maps = known(html(amap, Style()))["maps"]
    assert [one["name"] for one in maps] == [
        "scaled-dot", "hard", "causal", "hard − scaled-dot", "causal − scaled-dot",
    ]  # fmt: skip
    for turn, one in enumerate(maps):
        assert one["heads"] == [0, 1]
        assert one["signed"] == (turn > 2)
        assert one["row_sum"] == ("any" if turn > 2 else "1")
        for head in (0, 1):
            mine = unpacked(one["weights"], "weights")[0][:, head]
            assert np.abs(mine - amap.weights[:, 5 * head + turn]).max() <= 2e-5
        assert "compared" not in one["meta"]  # it is none any more
    assert known(html(amap, Style()))["start"]["view"] == "compare"
    assert known(html(amap, Style(view="lines")))["start"]["view"] == "lines"


def test_what_is_left_of_a_comparison_stays_what_it_is():
    amap = compare("The cat sat", variants=["scaled-dot", "hard"], heads=2)
    maps = known(html(amap.select(heads=[1, 3, 4]), Style()))["maps"]
    assert [(one["name"], one["heads"]) for one in maps] == [("scaled-dot", [1]), ("hard", [0, 1])]


@pytest.mark.parametrize("said", [None, "softmax", ["softmax"], [1, 2], {"a": 1, "b": 2}])
def test_a_map_that_only_says_it_was_compared_is_one_map(said):
    amap = replace(make_map(), names=("a", "b"), meta={"compared": said})
    assert len(known(html(amap, Style()))["maps"]) == 1


def test_what_can_be_seen_and_chosen_is_worked_out_before_the_browser():
    words = [Token(piece, piece, word=0, segment=at) for at, piece in enumerate(("a", "b"))]
    pieces = [Token("<s>", "<s>", special=True), *(replace(word, segment=0) for word in words)]
    plain = island.record(make_map(n_head=1), Style(), several=False)
    assert plain["views"] == ["matrix", "lines", "text"]
    assert plain["offers"] == {"special": False, "words": False, "renormalise": True}
    assert plain["lists"] == {
        "layer": [(0, "layer 0")],
        "head": [(0, "head 0")],
        "qs": [],
        "ks": [],
    }
    amap = replace(make_map(["a", "b"], ["<s>", "a", "b"]), queries=words, keys=pieces)
    rich = island.record(amap, Style(made_by={"command": "é"}), several=True)
    assert rich["views"] == ["overview", "matrix", "lines", "text", "compare"]
    assert rich["offers"] == {"special": True, "words": True, "renormalise": True}
    assert rich["lists"]["qs"] == [("", "all"), (0, "segment 0"), (1, "segment 1")]
    assert rich["about"] == "attention · 1 layer · 2 heads · 2 queries × 3 keys"
    assert rich["made"] == [("made_by", '{"command": "é"}')]


def test_each_colour_has_the_ink_that_reads_best_on_it():
    colours = np.frombuffer(b64decode(island.colours(PALETTES[0])), np.uint8).reshape(256, 4)
    assert np.array_equal(colours[:, :3], PALETTES[0].rgb)
    assert (colours[0, 3], colours[-1, 3]) == (255, 0)  # white on dark, black on light


def test_what_no_browser_could_open_is_refused(monkeypatch):
    monkeypatch.setattr(island, "MOST", 17)
    with pytest.raises(MisuseError, match="up to 17 weights, and here are 18"):
        html(make_map(), Style())


@pytest.mark.parametrize("causal", [False, True])
def test_a_model_of_many_heads_stays_small(causal):
    assert len(html(softmax_map(12, 12, 128, causal), Style())) <= 2_500_000


def test_the_source_stays_within_its_budget():
    sources = [f for f in FOLDER.iterdir() if f.name.endswith((".js", ".css"))]
    sizes = {f.name: len(f.read_bytes()) for f in sources}
    assert {"main.js", "style.css"} <= set(sizes)
    assert sum(sizes.values()) <= BUDGET, sizes


def test_modules_are_joined_in_the_order_in_which_they_need_each_other():
    joined = assets.script()
    assert not re.search(r"^(import|export)\b", joined, re.MULTILINE)
    for name in assets.names(".js"):
        source = assets.asset(name)
        for needed in assets.IMPORT.findall(source):
            theirs = assets.alone(assets.asset(needed))
            assert joined.index(theirs) < joined.index(assets.alone(source)), (name, needed)


def test_what_modules_import_is_there_under_one_name_only():
    names = re.findall(
        r"^(?:async )?(?:const|let|function|class) (\w+)", assets.script(), re.MULTILINE
    )
    assert len(names) == len(set(names))
    for name in assets.names(".js"):
        source = assets.asset(name)
        for listed in re.findall(r"^import \{([^}]*)\}", source, re.MULTILINE):
            assert {part.strip() for part in listed.split(",")} <= set(names), name


def test_modules_use_text_and_never_markup():
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(", assets.script()
    )
