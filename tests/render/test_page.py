"""The page as a file: its texts, its Content Security Policy, and reading it back."""

from __future__ import annotations

import json
import re
import tracemalloc
import zlib
from base64 import b64decode, b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from importlib.resources import files

import numpy as np
import pytest

from attnviz.api.blas_threads import use_threads
from attnviz.api.compare import compare
from attnviz.api.look import look
from attnviz.core.tokens import Token
from attnviz.errors import InvalidInputError, MisuseError
from attnviz.render.formats import find_format
from attnviz.render.head_scales import HeadScales
from attnviz.render.page import data_island
from attnviz.render.page.bundle import built_script
from attnviz.render.page.json_stream import Base64Text
from attnviz.render.page.quantize import MAX_VECTOR_VALUES, quantize
from attnviz.render.palette import PALETTES
from attnviz.render.scaling import Scaling
from attnviz.render.style import Style
from attnviz.sources.external import read
from attnviz.sources.external.attnviz_html import parse_packed_header, unpack_values
from attnviz.sources.external.attnviz_html import read_html as read_raw
from attnviz.sources.external.selection import Selection
from tests.conftest import HOSTILE, make_map
from tests.render.pages import html, render_page, stored

SCRIPT_BUDGET, PAGE_BUDGET = 160_000, 250_000  # bytes: the script; a page without its data
FOLDER = files("attnviz.render.page")


class Elements(HTMLParser):
    """The tags of a page with their attributes, and the text of the last element of each tag."""

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


def island_of(page):
    return json.loads(re.search(rb'id="data">([^<]*)<', page)[1])


def softmax_map(n_layer, n_head, n, causal=False):
    logits = np.random.default_rng(7).normal(0, 1.5, (n_layer, n_head, n, n))
    visible = np.tril(np.ones((n, n), bool)) if causal else None
    mass = np.exp(logits) if visible is None else np.exp(logits) * visible
    weights = (mass / mass.sum(-1, keepdims=True)).astype(np.float32)
    amap = make_map([f"t{i}" for i in range(n)], n_layer=n_layer, n_head=n_head)
    return type(amap)(amap.queries, amap.keys, weights, visible)


def test_the_same_map_gives_the_same_page():
    style = Style(title="a", made_by={"command": "attnviz x", "attnviz": "1"})
    assert html(make_map(HOSTILE), style) == html(make_map(HOSTILE), style)


def test_the_policy_allows_no_request_and_only_the_script_and_style_of_the_page():
    parsed = Elements(html(make_map(), Style()))
    style, script = parsed.last["style"], parsed.last["script"]
    hashed = [b64encode(sha256(text.encode()).digest()).decode() for text in (script, style)]
    assert parsed.policy() == (
        f"default-src 'none'; script-src 'sha256-{hashed[0]}'; style-src 'sha256-{hashed[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )
    for tag, attributes in parsed.tags:
        assert not {"src", "href", "style", "srcset", "action"} & set(attributes), tag
        assert not [name for name in attributes if name.startswith("on")], tag


NAMESPACE = rb"http://www\.w3\.org/(?:\d{4}|XML)/[\w/]+"  # names of vocabularies, never requested


def test_the_page_has_no_url_but_the_names_of_namespaces():
    address = re.compile(rb"\w+:/|\burl\((?!#)|@import", re.IGNORECASE)
    assert not address.search(re.sub(NAMESPACE, b"", html(make_map(), Style())))
    assert address.search(re.sub(NAMESPACE, b"", html(make_map(["see", "http://x"]), Style())))


@pytest.mark.parametrize("token", HOSTILE, ids=ascii)
def test_hostile_text_adds_no_element_and_reads_back(token):
    plain = Elements(html(make_map(["a", "b", "c"]), Style(title="t")))
    amap = make_map([token, "b", "c"], text=token, meta={"model": token, token: token})
    style = Style(title=token, made_by={token: token}, captions={(0, 0): token})
    page = html(amap, style)
    parsed = Elements(page)
    extra = [("meta", parsed.attributes("meta")[-1])]
    assert [tag for tag, _ in parsed.tags] == [
        tag for tag, _ in plain.tags[:5] + extra + plain.tags[5:]
    ]
    assert b"\xe2\x80\xa8" not in page  # U+2028 ends a line of script in old readers
    assert read(page).queries == amap.queries
    assert read(page).text == amap.text


def test_the_command_is_in_the_page():
    parsed = Elements(html(make_map(), Style(made_by={"command": 'attnviz "a <b>"'})))
    assert {"name": "attnviz:command", "content": 'attnviz "a <b>"'} in parsed.attributes("meta")
    assert island_of(html(make_map(), Style(title="Mine")))["title"] == "Mine"


def test_style_options_reach_the_page():
    data = island_of(html(make_map(), Style(palette="magma", view="text", precision=5)))
    assert (data["start"]["palette"], data["start"]["view"]) == ("magma", "text")
    assert data["precision"] == 5


LIMITS = [
    {"vmax": 0.5},
    {"vmin": 0.1, "vmax": 0.4, "norm": "log"},
    {"norm": "log"},
    {"robust": True, "norm": "sqrt"},
    {"vmin": -0.5, "palette": "RdBu"},
]


@pytest.mark.parametrize("style", LIMITS, ids=str)
def test_the_requested_color_scale_is_that_of_figures(style):
    amap = softmax_map(1, 2, 12, causal=True)
    data = island_of(html(amap, Style(**style)))
    assert data["start"]["scale"] == "requested"
    record = data["maps"][0]["scale"]
    scaling = Scaling.of(amap, Style(**style), "matrix")
    palette = style.get("palette", data_island.PLAIN_PALETTE)
    scale = HeadScales.of(amap, palette, scaling=scaling).weights
    assert (record["low"], record["high"]) == pytest.approx((scale.low, scale.high))
    assert (record["norm"], record["centered"]) == (scale.norm.name, scale.is_centered)
    assert record["note"] == scale.outside_note(amap.weights, amap.masked)
    assert island_of(html(amap, Style()))["maps"][0]["scale"] is None


def test_maps_of_a_page_share_the_requested_scale_but_differences_have_the_norm_alone():
    amap = compare("the cat sat", variants=["scaled-dot", "causal"])
    data = island_of(html(amap, Style(vmax=0.5, norm="sqrt")))
    scales = [(s["high"], s["norm"]) for s in (record["scale"] for record in data["maps"])]
    assert scales[:2] == [(0.5, "sqrt")] * 2 and scales[2][1] == "sqrt"
    assert scales[2][0] == pytest.approx(data["maps"][2]["largest"])
    with pytest.raises(MisuseError, match="must be below"):
        html(amap, Style(vmin=0.5, vmax=0.2))


def test_the_selected_query_at_first_has_visible_keys():
    def begins(amap, **style):
        return island_of(html(amap, Style(**style)))["start"]["q"]

    def causal(n_token):
        past = np.tri(n_token, dtype=np.float32)[None, None]
        return replace(make_map(["a"] * n_token, n_head=1), weights=past)

    assert begins(make_map()) == 0
    assert [begins(causal(n)) for n in (1, 3, 40)] == [0, 2, 12]
    assert begins(causal(3), query=1) == 1


NOTE = "untrained weights (seed 0): shows the mechanism, not learned attention"


def provenance(page):
    return re.findall(r'<p class="provenance">([^<]*)</p>', page.decode())


def test_untrained_weights_have_a_subtitle_below_the_title():
    amap = make_map(meta={"trained": False, "seed": 0})
    page = html(amap, Style())
    assert provenance(page) == [NOTE]
    assert f'attention</h1>\n<p class="provenance">{NOTE}</p>' in page.decode()
    assert provenance(html(look("The cat sat"), Style())) == [NOTE]
    assert provenance(html(compare("a b", variants=["dot", "hard"]), Style())) == [NOTE]


@pytest.mark.parametrize("meta", [{}, {"trained": True, "seed": 0}, {"trained": None}], ids=str)
def test_other_maps_have_no_such_subtitle(meta):
    assert provenance(html(make_map(meta=meta), Style())) == []


def test_maps_that_differ_in_training_have_a_subtitle_each():
    untrained = make_map(meta={"variant": "<a>", "trained": False, "seed": "<1>"})
    other = make_map(meta={"variant": "b", "trained": False, "seed": 2})
    trained = make_map(meta={"variant": "c", "trained": True})
    lines = provenance(render_page([untrained, other, trained], Style()))
    assert [line.partition(":")[0] for line in lines] == ["&lt;a&gt;", "b"]
    assert "(seed &lt;1&gt;)" in lines[0]
    assert len(provenance(render_page([other, other], Style()))) == 1


def test_without_scripts_the_first_head_is_drawn_and_listed():
    visible = np.tril(np.ones((3, 3), bool))
    amap = make_map(visible=visible)
    amap = type(amap)(amap.queries, amap.keys, amap.weights * visible, visible)
    text = html(amap, Style(precision=2)).decode()
    fallback = text[text.index("<noscript>") : text.index("</noscript>")]
    assert fallback.count("h.95") == 6  # of nine cells, three are masked
    assert re.findall(r"<td>([^<]*)", fallback)[:4] == [
        f"{amap.weights[0, 0, 0, 0]:.2f}",
        "masked",
        "masked",
        f"{amap.weights[0, 0, 1, 0]:.2f}",
    ]


def test_without_scripts_a_long_text_is_truncated_with_a_note():
    text = html(make_map([f"t{i}" for i in range(40)]), Style()).decode()
    assert "The first 24 of 40 queries and the first 24 of 40 keys are shown." in text
    assert text.count("h.95") == 24 * 24


def test_without_scripts_a_page_of_a_long_text_has_15_kb_for_them():
    weights = np.random.default_rng(0).dirichlet(np.full(300, 0.3), (1, 1, 300))
    amap = replace(make_map([f"token{i}" for i in range(300)], n_head=1), weights=weights)
    text = html(amap, Style()).decode()
    assert text.index("</noscript>") - text.index("<noscript>") <= 15_500


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("many", [False, True])
def test_quantized_values_read_back_within_a_step_of_their_row(signed, many, monkeypatch):
    if many:
        monkeypatch.setattr("attnviz.render.page.quantize.MAX_16_BIT_VALUES", 100)
    shape = (2, 3, 5, 7)
    array = np.random.default_rng(1).normal(size=shape)
    array = array if signed else np.abs(array)
    array[0, 0, 1] = 0.0
    array[1, 0, 2] *= 1e-12  # a faint row is kept as exactly as the others
    hidden = np.zeros(shape, bool)
    hidden[1, 0, :3, 2] = True
    array[hidden] = 0.0
    quantized = stored(quantize(array, signed, ~hidden))
    assert quantized["codes"] == ("int16" if signed else "uint8" if many else "uint16")
    back, out = unpack_values(parse_packed_header(quantized, "weights"), "weights")
    peak = np.abs(array).max(-1, keepdims=True)
    share = np.divide(np.abs(array), peak, out=np.zeros(shape), where=peak > 0)
    # Half a step of rounding; as much again gives rows of unsigned weights their sums back.
    half = (0.51 if signed else 1.02) / quantized["top"]
    bound = (
        2 * np.sqrt(share) * half + half**2 if quantized["curve"] == "square" else half
    ) * peak
    assert (np.abs(back - array) <= bound + 1e-7 * np.abs(array)).all()
    assert np.array_equal(out, hidden)
    assert (back[hidden] == 0).all()
    assert (back[0, 0, 1] == 0).all()


def test_8_bit_weights_beside_an_attention_sink_keep_0_002_and_exact_row_sums(monkeypatch):
    """A row with a sink of 0.96: linear 8-bit codes stored its other weights as zero."""
    monkeypatch.setattr("attnviz.render.page.quantize.MAX_16_BIT_VALUES", 100)
    rng = np.random.default_rng(2)
    rows = rng.dirichlet(np.full(466, 0.3), size=(1, 2, 40)) * 0.04
    weights = np.concatenate([np.full((1, 2, 40, 1), 0.96), rows], axis=-1)
    quantized = stored(quantize(weights, signed=False))
    assert quantized["codes"] == "uint8"
    back, _ = unpack_values(parse_packed_header(quantized, "weights"), "weights")
    assert np.abs(back - weights).max() <= 0.002
    rest = back[..., 1:] / back[..., 1:].sum(-1, keepdims=True)  # without the sink, renormalized
    truth = weights[..., 1:] / weights[..., 1:].sum(-1, keepdims=True)
    assert 0.5 * np.abs(rest - truth).sum(-1).max() < 0.1  # 0.99 with linear codes
    layer = zlib.decompress(b64decode(quantized["layers"][0]))
    sums = np.frombuffer(layer, "<f8", 80, offset=80 * 8).reshape(2, 40)
    assert np.abs(sums - weights[0].sum(-1)).max() < 1e-6


def test_pages_of_linear_8_bit_codes_without_row_sums_are_still_read():
    codes = np.array([[1, 255], [128, 0]], np.uint8)
    data = np.array([0.5, 0.25]).tobytes() + codes.tobytes()
    layers = [b64encode(zlib.compress(data)).decode()]
    record = {"shape": [1, 1, 2, 2], "codes": "uint8", "layers": layers}
    back, masked = unpack_values(parse_packed_header(record, "weights"), "weights")
    assert back[0, 0].tolist() == [[0, 0.5], [0.125, 0]]
    assert masked[0, 0].tolist() == [[False, False], [False, True]]


def test_a_page_reads_back_as_the_map_it_shows():
    amap = softmax_map(2, 3, 7, causal=True)
    kept = island_of(html(amap, Style()))["maps"][0]["kept"]
    assert (
        kept
        == "Weights are stored with 16-bit precision: within 1/131,068 of the largest weight of "
        "their row."
    )
    back = read(html(amap, Style()))
    steps = amap.weights.max(-1, keepdims=True) / 65534
    assert (np.abs(back.weights - amap.weights) <= 1.02 * steps).all()
    assert np.array_equal(back.visible[0, 0], amap.visible[0, 0])
    assert (back.layers, back.heads, back.queries) == (amap.layers, amap.heads, amap.queries)


def test_vectors_are_included_up_to_a_limit():
    vectors = {"query_vectors": np.ones((1, 2, 3, 5)), "key_vectors": -np.ones((1, 2, 3, 5))}
    back = read(html(make_map(**vectors), Style()))
    assert np.array_equal(back.key_vectors, vectors["key_vectors"])
    wide = MAX_VECTOR_VALUES // 6 + 1
    vectors = {name: np.ones((1, 2, 3, wide)) for name in vectors}
    data = island_of(html(make_map(**vectors), Style()))["maps"][0]
    assert "Query and key vectors are omitted" in data["kept"]
    assert "dimensions" not in data["views"]
    assert "query_vectors" not in data


def test_several_maps_share_a_page_and_each_can_be_read():
    maps = [make_map(meta={"variant": name}) for name in ("full", "causal")]
    page = render_page(maps, Style())
    assert [one["name"] for one in island_of(page)["maps"]] == ["full", "causal"]
    assert read_raw(page, Selection(name="causal")).meta["variant"] == "causal"
    assert read_raw(page, Selection(number=1)).meta["variant"] == "causal"
    assert "of 2" in read_raw(page, Selection()).guesses[0]
    with pytest.raises(MisuseError):
        render_page([], Style())


def test_a_comparison_is_laid_side_by_side():
    amap = compare("The cat sat", variants=["scaled-dot", "hard", "causal"], heads=2)
    maps = island_of(html(amap, Style()))["maps"]
    assert [one["name"] for one in maps] == [
        "scaled-dot", "hard", "causal", "hard − scaled-dot", "causal − scaled-dot",
    ]  # fmt: skip
    for turn, one in enumerate(maps):
        assert one["heads"] == [0, 1]
        assert one["signed"] == (turn > 2)
        assert one["row_sum"] == ("any" if turn > 2 else "1")
        for head in (0, 1):
            packed = parse_packed_header(one["weights"], "weights")
            mine = unpack_values(packed, "weights")[0][:, head]
            assert np.abs(mine - amap.weights[:, 5 * head + turn]).max() <= 2e-5
        assert "compared" not in one["meta"]  # it is none any more
    assert island_of(html(amap, Style()))["start"]["view"] == "compare"
    assert island_of(html(amap, Style(view="lines")))["start"]["view"] == "lines"


def test_selected_heads_of_a_comparison_have_their_mechanism():
    amap = compare("The cat sat", variants=["scaled-dot", "hard"], heads=2)
    maps = island_of(html(amap.select(heads=[1, 3, 4]), Style()))["maps"]
    assert [(one["name"], one["heads"]) for one in maps] == [("scaled-dot", [1]), ("hard", [0, 1])]


@pytest.mark.parametrize("compared", [None, "softmax", ["softmax"], [1, 2], {"a": 1, "b": 2}])
def test_invalid_metadata_of_a_comparison_is_one_map(compared):
    meta = {"compared": compared, "comparison": compared}
    amap = replace(make_map(), names=("a", "b"), meta=meta)
    assert len(island_of(html(amap, Style()))["maps"]) == 1


def test_views_and_options_follow_from_the_map():
    words = [Token(piece, piece, word=0, segment=at) for at, piece in enumerate(("a", "b"))]
    pieces = [Token("<s>", "<s>", special=True), *(replace(word, segment=0) for word in words)]
    plain = data_island.map_data(make_map(n_head=1), Style(), several=False)
    assert plain["views"] == ["matrix", "lines", "text"]
    assert plain["offers"] == {"special": False, "words": False, "renormalise": True}
    assert plain["lists"] == {
        "layer": [(0, "layer 0")],
        "head": [(0, "head 0")],
        "qs": [],
        "ks": [],
    }
    amap = replace(make_map(["a", "b"], ["<s>", "a", "b"]), queries=words, keys=pieces)
    rich = data_island.map_data(amap, Style(made_by={"command": "é"}), several=True)
    assert rich["views"] == ["overview", "matrix", "lines", "text", "compare"]
    assert rich["offers"] == {"special": True, "words": True, "renormalise": True}
    assert rich["lists"]["qs"] == [("", "all"), (0, "segment A"), (1, "segment B")]
    assert rich["about"] == "attention · 1 layer · 2 heads · 2 queries × 3 keys"
    assert rich["made"] == [("made_by", '{"command": "é"}')]


def test_each_color_has_the_ink_that_reads_best_on_it():
    colors = np.frombuffer(b64decode(data_island.encode_palette(PALETTES[0])), np.uint8).reshape(
        256, 4
    )
    assert np.array_equal(colors[:, :3], PALETTES[0].rgb)
    assert (colors[0, 3], colors[-1, 3]) == (255, 0)  # white ink on dark, black ink on light


def test_more_weights_than_a_browser_opens_are_refused(monkeypatch):
    monkeypatch.setattr(data_island, "MAX_WEIGHTS", 17)
    with pytest.raises(MisuseError, match="up to 17 weights, these maps have 18"):
        html(make_map(), Style())


@pytest.mark.parametrize(
    ("size", "causal", "limit"),
    [(128, False, 6_100_000), (128, True, 3_500_000), (180, False, 6_200_000)],
    ids=["16 bits", "16 bits, causal", "8 bits"],
)
def test_a_model_of_many_heads_stays_small(size, causal, limit):
    """Random weights hardly compress: real models of this size take two thirds of it."""
    assert 0.9 * limit < len(html(softmax_map(12, 12, size, causal), Style())) <= limit


def test_pages_have_the_same_bytes_for_any_number_of_threads(monkeypatch):
    monkeypatch.setattr("attnviz.render.page.quantize.LARGE", 0)
    amap = softmax_map(9, 2, 7, causal=True)
    pages = []
    for n_thread in (1, 2, 3):
        with use_threads(n_thread):
            pages.append(html(amap, Style()))
    assert pages[0] == pages[1] == pages[2] == html(amap, Style())


@pytest.mark.parametrize("signed", [False, True])
def test_16_bit_codes_are_stored_as_low_bytes_then_high_bytes_of_each_head(signed):
    values = np.random.default_rng(3).random((1, 2, 3, 5)) - (0.5 if signed else 0.0)
    packed = stored(quantize(values, signed))
    assert packed["planes"] is True
    codes = np.frombuffer(zlib.decompress(b64decode(packed["layers"][0])), np.uint8)[2 * 6 * 8 :]
    low, high = codes.reshape(2, 2, 3, 5).transpose(1, 0, 2, 3)
    steps = (low + 256 * high.astype(int)).astype(packed["codes"]).astype(int) - packed["zero"]
    peaks = np.abs(values[0]).max(-1, keepdims=True)
    assert (steps == np.rint(values[0] / peaks * packed["top"])).all()


def test_16_bit_codes_without_planes_are_still_read():
    codes = np.array([[1, 65535], [32768, 0]], "<u2")
    layers = [b64encode(zlib.compress(np.array([0.5, 0.25]).tobytes() + codes.tobytes())).decode()]
    record = {"shape": [1, 1, 2, 2], "codes": "uint16", "layers": layers}
    back, masked = unpack_values(parse_packed_header(record, "weights"), "weights")
    assert back[0, 0] == pytest.approx(np.array([[0, 0.5], [0.125, 0]]), abs=1e-5)
    assert masked[0, 0].tolist() == [[False, False], [False, True]]
    with pytest.raises(InvalidInputError, match="uint8 has one byte per code, and no planes"):
        parse_packed_header({**record, "codes": "uint8", "planes": True}, "weights")
    with pytest.raises(InvalidInputError, match="sums and planes true or false"):
        parse_packed_header({**record, "planes": 1}, "weights")


def test_script_and_page_stay_within_their_budgets():
    assert len(built_script().encode()) <= SCRIPT_BUDGET
    page = html(make_map("ab"), Style())
    data = max(re.findall(rb"<script.*?</script>", page, re.DOTALL), key=len)
    assert len(page) <= PAGE_BUDGET
    assert len(data) > 10_000  # the script is in the page


@pytest.mark.parametrize("masked", [True, False])
def test_a_large_map_takes_less_than_8_mb_to_write(masked):
    visible = np.tril(np.ones((500, 500), bool)) if masked else None
    weights = np.random.default_rng(0).random((2, 4, 500, 500), dtype=np.float32)
    amap = replace(make_map("a" * 500, n_layer=2, n_head=4), weights=weights, visible=visible)
    find_format("html").render(make_map())  # loads what it needs
    tracemalloc.start()
    try:
        n_byte = sum(len(chunk) for chunk in find_format("html").chunks(amap))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8e6 and n_byte > 1_000_000


def test_base64_in_chunks_is_base64_of_all():
    for sizes in ((1, 1, 1), (2, 3), (0, 5, 4), ()):
        data = [bytes(range(size)) for size in sizes]
        text = b"".join(Base64Text(data).encode())
        assert text == b64encode(b"".join(data))
