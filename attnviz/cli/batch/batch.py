"""Many sentences, one by one: what is wrong with a line is told, and the others go on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import Any

from attnviz.cli.batch.job import Work
from attnviz.cli.batch.process_pool import Item, Outcome, in_order, outcome
from attnviz.cli.environment import World
from attnviz.cli.input.sentence import Sentence
from attnviz.cli.input.sentences import form_of
from attnviz.cli.output.progress import progress
from attnviz.cli.output.render import check_many
from attnviz.cli.output.sinks import Growing, Place, places_for
from attnviz.errors import AttnvizError, MisuseError

MOST_JOBS = 256


def batch(world: World, work: Work, given: Iterator[Sentence], options: dict[str, Any]) -> int:
    """Every sentence to every place; the exit status: 1 where a line was wrong."""
    jobs = options["jobs"]
    if not 1 <= jobs <= MOST_JOBS:
        raise MisuseError(f"--jobs {jobs} should be between 1 and {MOST_JOBS}")
    check_many(work.targets)
    with ExitStack() as stack:
        places = stack.enter_context(
            places_for(world, work.targets, many=True, resume=options["resume"])
        )
        results = stack.enter_context(closing(in_order(work, missing(given, places), jobs)))
        tick = stack.enter_context(progress(world, work.targets, options["input"]))
        failed, fine, told = False, False, set[str]()
        for item, result in results:
            for note in result.notes:
                if note not in told:
                    world.note(f"note: {note}")
                    told.add(note)
            error = result.error or put(places, item, result)
            tick(item.sentence.line)
            if error is None:
                fine = True
                continue
            if not fine and options_fault(work, item.sentence, error, options):
                raise error
            tell(world, places, item, error)
            failed = True
            if options["fail_fast"]:
                break
        before = any(isinstance(place, Growing) and place.failed for place in places)
    return int(failed or before)


def missing(given: Iterator[Sentence], places: list[Place]) -> Iterator[Item]:
    """The sentences that one of the places does not have yet."""
    for number, sentence in enumerate(given, start=1):
        lacking = [not place.has(number, sentence.id, sentence.text) for place in places]
        if any(lacking):
            yield Item(number, sentence, lacking)


def put(places: list[Place], item: Item, result: Outcome) -> AttnvizError | None:
    """The data of one sentence to each place that lacks it; what kept it from one of them."""
    try:
        for place, lacks, data in zip(places, item.lacking, result.data, strict=True):
            if lacks:
                place.put(item.number, item.sentence.id, data)
    except MisuseError as error:
        return error
    return None


def tell(world: World, places: list[Place], item: Item, error: AttnvizError) -> None:
    """What was wrong with a line, as a record where there are records, else to the person."""
    sentence = item.sentence
    said: dict[str, Any] = {"line": sentence.line}
    if sentence.id is not None:
        said["id"] = sentence.id
    record = json.dumps(said | {"error": str(error)}, separators=(",", ":")).encode() + b"\n"
    lacking = [place for place, lacks in zip(places, item.lacking, strict=True) if lacks]
    kept = [place.fail(record) for place in lacking]
    if not any(kept):
        world.note(f"error: line {sentence.line}: {error}")


def options_fault(
    work: Work, sentence: Sentence, error: AttnvizError, options: dict[str, Any]
) -> bool:
    """Whether any sentence would fail like this one, because of what was asked for.

    Only the first sentence is judged so: after one that went well, it is the lines.
    """
    if not isinstance(error, MisuseError) or sentence.error is not None:
        return False
    contexts = form_of(options) != "lines"  # another line may bring what this one lacks
    context = sentence.context or ("word" if contexts else None)
    probe = outcome(work, replace(sentence, text="word", context=context, id=None))
    return probe.error is not None and str(probe.error) == str(error)
