"""The page of a chat and of predictions in a browser."""

from tests.render.test_predictions import comparison, token, with_predictions
from tests.render.test_segment_roles import chat_map


def test_lines_stand_between_segments(visit):
    plain, again, turns = (
        visit(chat_map(segments), "view=matrix").tab.evaluate(
            "document.querySelector('#figure canvas').toDataURL()"
        )
        for segments in ((0, 0, 0, 0), (1, 1, 1, 1), (0, 0, 1, 2))
    )
    assert plain == again != turns


def test_the_sentence_begins_a_line_with_each_segment(visit):
    assert visit(chat_map(), "view=text").tab.locator(".keys hr").count() == 2


def test_the_predictions_are_those_of_the_marked_query(visit):
    amap = with_predictions()
    rows = amap.meta["predictions"]["positions"]
    rows[0] = {**rows[0], "top": [token("first", 0.9)]}
    words = visit(amap, "view=matrix&q=0").text("#predicted").split()
    assert words == ["Next", "token", "after", '"a"', "first", "0.900"]
    words = visit(amap, "view=matrix&q=1").text("#predicted").split()
    assert words[3:] == ['"b"', "x", "0.500", "y", "0.250"]


def test_a_comparison_lists_the_predictions_of_the_maps_in_view(visit):
    page = visit(comparison(), "view=compare&q=1")
    assert page.tab.locator("#predicted h2").all_inner_texts() == [
        'original: Next token after "cat"',
        'layer 1 ablated: Next token after "cat"',
    ]
