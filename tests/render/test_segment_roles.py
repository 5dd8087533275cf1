"""Roles of a chat: named in every output, with lines between the turns."""

from dataclasses import replace

import pytest

from attnviz.core.tokens import Token
from attnviz.render.figure.text_flow import flow_positions
from attnviz.render.formats import find_format
from attnviz.render.page.map_facts import describe_map
from attnviz.render.segment_roles import roles_note, segment_letter
from attnviz.render.style import Style
from tests.conftest import make_map
from tests.render.pages import html

NOTE = "segments: A system, B user, C assistant"


def chat_map(segments=(0, 0, 1, 2), roles=("system", "user", "assistant")):
    amap = make_map("abcd")
    tokens = tuple(Token(x, x, segment=s) for x, s in zip("abcd", segments, strict=True))
    return replace(amap, queries=tokens, keys=tokens, meta={**amap.meta, "roles": list(roles)})


def test_the_note_names_the_segments_that_there_are():
    assert roles_note(chat_map()) == NOTE
    assert roles_note(chat_map(segments=(1, 1, 2, 2))) == "segments: B user, C assistant"
    assert roles_note(chat_map(segments=(0, 1, 5, 5))) == "segments: A system, B user"
    assert roles_note(make_map("abcd")) == ""
    assert [segment_letter(n) for n in (0, 25, 26)] == ["A", "Z", "26"]


@pytest.mark.parametrize("name", ["table", "md", "tex", "svg", "html"])
def test_every_output_states_them(name):
    style = Style()
    amap = chat_map()
    output = html(amap, style) if name == "html" else find_format(name).render(amap, style)
    text = output.decode() if isinstance(output, bytes) else str(output)
    assert NOTE[1:] in text  # LaTeX begins a sentence with it


def test_hostile_roles_are_escaped():
    amap = chat_map(roles=("\x1b[31m", "<b>", "assistant"))
    for name in ("table", "md"):
        output = find_format(name).render(amap, Style())
        text = output.decode() if isinstance(output, bytes) else str(output)
        assert "\x1b" not in text


def test_the_segments_of_the_page_have_their_roles():
    assert describe_map(chat_map(), several=False)["lists"]["qs"] == [
        *[("", "all"), (0, "A: system"), (1, "B: user"), (2, "C: assistant")]
    ]
    pair = describe_map(chat_map(roles=()), several=False)["lists"]["qs"]
    assert pair[1] == (0, "segment A")


def lines_of_words(amap):
    text = str(find_format("table").render(amap, Style(view="text")))
    lines = (line.split() for line in text.splitlines())
    return [words for words in lines if words and set(words) <= set("abcd")]


def test_the_text_view_begins_a_line_with_each_segment():
    amap = chat_map()
    assert lines_of_words(amap) == [["a", "b"], ["c"], ["d"]] * 2  # of each head
    assert lines_of_words(make_map("abcd")) == [list("abcd")] * 2


def test_words_of_a_figure_begin_lines_at_breaks():
    positions = flow_positions([1.0] * 5, 2.5, 0.1, breaks=(1, 4))
    assert [(position.left, position.line) for position in positions] == [
        *[(0.0, 0), (0.0, 1), (1.1, 1), (0.0, 2), (0.0, 3)]
    ]
