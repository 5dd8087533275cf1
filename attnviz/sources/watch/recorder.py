"""Recorder: takes the attention calls of a program and keeps what was requested of them."""

from __future__ import annotations

import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import prod
from typing import Any

import torch

from attnviz.core.arrays import FloatArray
from attnviz.errors import AttnvizError, AttnvizWarning, MisuseError
from attnviz.sources.memory import format_bytes
from attnviz.sources.watch.attention_call import AttentionCall, compute_rows, pick, to_numpy
from attnviz.sources.watch.capture import Capture, KeptCall, Site
from attnviz.sources.watch.interceptor import Frame, calling_frame
from attnviz.sources.watch.limits import RecordingLimits, resolve
from attnviz.sources.watch.module_names import ModuleNames, matches, name_pattern
from attnviz.sources.watch.token_ids import EmbeddedIds, embedded_ids, new_ids

Opener = Callable[[tuple[int, int, int, int]], KeptCall]  # [item, head, row, key]


class CallRecorder:
    """Keeps the attention calls of a program within limits; never changes or stops the program.

    `open_kept` makes what keeps the weights of one call, of the shape that it is given.
    """

    def __init__(
        self,
        limits: RecordingLimits,
        open_kept: Opener,
        *,
        root: Any = None,
        with_vectors: bool = False,
        n_byte_of: Callable[[tuple[int, int, int, int]], int],
    ) -> None:
        self.limits, self.open_kept, self.n_byte_of = limits, open_kept, n_byte_of
        self.with_vectors = with_vectors
        self.root = root
        self.names = ModuleNames(root)
        self.captures: list[Capture] = []
        self.unrecorded: dict[str, str] = {}  # a call that was not recorded: the reason
        self.refusal: MisuseError | None = None
        self.has_other_thread = False
        self.n_seen = 0
        self.seen: dict[str, None] = {}  # names of modules with attention calls, in their order
        self.n_byte = 0
        self.steps: Counter[int] = Counter()  # outermost calls, by root
        self.layers: Counter[tuple[int, str]] = Counter()  # in the current outermost call
        self.latest: dict[Site, Capture] = {}
        self.runs: defaultdict[Site, list[int]] = defaultdict(list)
        self.continued_step = -1
        self.embedded = new_ids()

    def enter_outermost(self, module: Any) -> None:
        """A module is called that no other module has called."""
        if in_backward():
            return
        root, _ = self.names.of(module)
        self.steps[root] += 1
        self.layers.clear()

    def take_call(self, build: Callable[[], AttentionCall], frames: list[Frame]) -> None:
        """Record an attention call within these modules.

        Whatever goes wrong is noted: the program goes on.
        """
        where = frames[-1].module if frames else None
        try:
            if in_backward():
                return  # a checkpoint recomputes a call that has been recorded
            self.record(build, frames)
        except AttnvizError as error:
            if error is not self.refusal:
                self.note(where, str(error))
        except MemoryError:
            self.note(where, "there is not enough memory for its weights")
        except Exception as error:
            self.note(where, f"{type(error).__name__}: {error}")

    def take_embedding(self, args: Sequence[Any], frames: list[Frame]) -> None:
        """Keep the ids that an embedding is given, which may be those of tokens."""
        found = embedded_ids(args)
        if found is None or not frames or in_backward():
            return
        names = [self.names.of(frame.module) for frame in frames]
        root, path = names[-1][0], "/".join(name for _, name in names)
        self.embedded.append(EmbeddedIds(root, max(0, self.steps[root] - 1), path, *found))

    def note(self, module: Any, reason: str) -> None:
        """A call that could not be recorded, once per module."""
        name = "outside of any module" if module is None else self.names.of(module)[1]
        self.unrecorded.setdefault(name, reason.splitlines()[0] if reason else "")

    def record(self, build: Callable[[], AttentionCall], frames: list[Frame]) -> None:
        """Record one call, if it is among those that were requested."""
        frame = calling_frame(frames)
        module = None if frame is None else frame.module
        root, name = (-1, "") if module is None else self.names.of(module)
        pattern = name_pattern(name)
        layer = self.layers[root, pattern]
        self.layers[root, pattern] += 1
        self.n_seen += 1
        self.seen[pattern] = None
        if self.limits.modules and not matches(name, self.limits.modules):
            return
        if not self.limits.allows_layer(layer):
            return
        call = build()
        site = Site(root, name, pattern, layer, call.function)
        capture = self.describe(call, site, module)
        previous = self.latest.get(site)
        self.latest[site] = capture
        if previous is not None:
            is_continued = self.continues(capture, previous)
            capture = replace(capture, run=previous.run + (not is_continued))
            self.latest[site] = capture
        if not self.limits.allows_run(capture.run) or self.refusal is not None:
            return
        shape = (len(capture.items), len(capture.heads), len(capture.rows), capture.n_key)
        if prod(shape):
            self.require_memory(shape, capture)
            self.keep(call, capture, shape)

    def describe(self, call: AttentionCall, site: Site, module: Any) -> Capture:
        """The facts of a call, before anything is kept of it."""
        tensor = call.query if call.weights is None else call.weights
        if tensor.device.type == "meta":
            raise MisuseError("its tensors are on the meta device, which has no numbers")
        n_batch, n_head, n_query, n_key = call.shape
        return Capture(
            site=site,
            number=self.n_seen - 1,
            step=max(0, self.steps[site.root] - 1),
            run=0,
            is_training=bool(getattr(module, "training", False)),
            n_batch=n_batch,
            n_head=n_head,
            n_query=n_query,
            n_key=n_key,
            dtype=str(tensor.dtype).removeprefix("torch."),
            device=str(tensor.device),
            items=resolve(self.limits.items, n_batch, "batch item"),
            heads=resolve(self.limits.heads, n_head, "head"),
            rows=resolve(self.limits.rows, n_query, "query row"),
            kept=None,
            dropout=call.dropout,
            is_cross=call.is_cross,
            guesses=call.guesses,
        )

    def continues(self, capture: Capture, previous: Capture) -> bool:
        """Whether a call continues a generation: its keys are the earlier ones and its own.

        Cross-attention continues if attention before it in the same step does.
        """
        if (capture.n_batch, capture.n_head) != (previous.n_batch, previous.n_head):
            return False
        if capture.n_key == previous.n_key + capture.n_query and capture.step != previous.step:
            self.continued_step = capture.step
            return True
        return (
            capture.n_key == previous.n_key
            and capture.n_query == 1
            and capture.step == self.continued_step
        )

    def require_memory(self, shape: tuple[int, int, int, int], capture: Capture) -> None:
        """Stop recording, with the numbers, where the limit of memory is reached."""
        n_byte = self.n_byte_of(shape)
        if self.n_byte + n_byte <= self.limits.max_bytes:
            return
        limit = format_bytes(self.limits.max_bytes)
        self.refusal = MisuseError(
            f"recording stopped at {capture.site.module or 'a call outside of any module'}, step "
            f"{capture.step}: its weights {list(shape)} take {format_bytes(n_byte)}, "
            f"{format_bytes(self.n_byte)} are kept, and the limit is {limit}. Record fewer "
            "layers, heads, steps (--steps -1) or rows (--rows 0-63), pool the maps, or "
            "raise --max-memory"
        )
        warnings.warn(str(self.refusal), AttnvizWarning, stacklevel=2)
        raise self.refusal

    def keep(self, call: AttentionCall, capture: Capture, shape: tuple[int, ...]) -> None:
        """Compute the weights of a call and keep what is requested of them."""
        kept = self.open_kept(shape)  # type: ignore[arg-type]
        for rows in compute_rows(call, capture.items, capture.heads, capture.rows):
            kept.add(rows)
        query, key = self.vectors(call, capture)
        capture = replace(capture, kept=kept, query_vectors=query, key_vectors=key)
        self.captures.append(capture)
        self.n_byte += kept.n_byte
        runs = self.runs[capture.site]
        if not runs or runs[-1] != capture.run:
            runs.append(capture.run)
            for run in self.limits.expired(runs):
                self.drop(capture.site, run)

    def vectors(
        self, call: AttentionCall, capture: Capture
    ) -> tuple[FloatArray | None, FloatArray | None]:
        """The queries and keys of a call.    -> [item, head, row, d], [item, head, key, d]"""
        if not self.with_vectors or call.query is None:
            return None, None
        query = pick(pick(pick(call.query, 0, capture.items), 1, capture.heads), 2, capture.rows)
        n_query_head, n_key_head = call.query.shape[1], call.key.shape[1]
        key_heads = [head * n_key_head // n_query_head for head in capture.heads]
        key = pick(pick(call.key, 0, capture.items), 1, key_heads)
        return to_numpy(query), to_numpy(key)

    def drop(self, site: Site, run: int) -> None:
        """Drop what is kept of a run."""
        self.runs[site].remove(run)
        for capture in [c for c in self.captures if c.site == site and c.run == run]:
            self.captures.remove(capture)
            self.n_byte -= capture.kept.n_byte

    def finish(self) -> None:
        """Drop the runs that turned out not to be among the last."""
        for site, runs in list(self.runs.items()):
            for run in self.limits.expired(runs, is_last=True):
                self.drop(site, run)


def in_backward() -> bool:
    """Whether autograd is computing gradients."""
    return bool(torch._C._current_graph_task_id() != -1)
