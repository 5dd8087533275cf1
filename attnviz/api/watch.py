"""watch: the attention of a running PyTorch program, without changing it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from attnviz.argument_types import require_type
from attnviz.core.attention_map import AttentionMap
from attnviz.core.selection import Selector
from attnviz.errors import CouldNotError, MisuseError, UnknownNameError
from attnviz.lookup import unknown_name_message

if TYPE_CHECKING:
    from attnviz.sources.watch.capture import Capture

MEMORY_SHARE = 0.25  # of the machine's memory, by default
MAX_NAMES = 5  # of modules in a message
POOL = 512  # cells per side of pooled maps
Function = TypeVar("Function", bound=Callable[..., Any])
Tokens = Sequence[Any]


class watch:
    """Record the attention of a PyTorch program while it runs, without changing it.

    A context manager, and a decorator; it may be entered several times. Attention functions of
    PyTorch, nn.MultiheadAttention and attention written by hand are recognized. Outputs pass
    through unchanged; weights that the program does not compute itself are recomputed from query,
    key and mask in float32, before dropout.

        with attnviz.watch() as seen:
            model(**inputs)
        seen.maps(tokens)

    Args:
        model: a module whose names of submodules are used; None: found while the program runs.
        modules: names of the modules to record, where * is any text; None: all.
        layers: the layers to record, in the order of the calls: a number, several, or "0,2-5".
        heads: the heads to record, likewise; negative numbers count from the end.
        items: the batch items to record; None: all.
        steps: the calls of each module to record; "-1": the last one, "-5--1": the last five.
            The steps of a generation with a KV cache count as one.
        every: record every n-th call only.
        rows: the query rows to record.
        keep: "map", all weights; "pooled", at most `pool` × `pool` cells; "links", the largest
            weights of each head; "measures", entropy and other numbers of each head.
        pool: the largest number of cells per side of a pooled map.
        with_vectors: also keep query and key vectors.
        max_memory: bytes that the recording may take; None: a quarter of the machine's memory.

    Raises:
        CouldNotError: PyTorch is not installed.
        MisuseError: invalid arguments, with the values that are allowed.
    """

    def __init__(
        self,
        model: Any = None,
        *,
        modules: str | Sequence[str] | None = None,
        layers: Selector = None,
        heads: Selector = None,
        items: Selector = 0,
        steps: Selector = None,
        every: int = 1,
        rows: Selector = None,
        keep: str = "map",
        pool: int = POOL,
        with_vectors: bool = False,
        max_memory: int | None = None,
    ) -> None:
        from attnviz.api.watch_keep import KEEP, opener
        from attnviz.sources.memory import machine_memory

        require_torch()
        require_type("every", every, int)
        require_type("pool", pool, int)
        require_type("with_vectors", with_vectors, bool)
        require_type("max_memory", max_memory, int)
        if keep not in KEEP:
            raise UnknownNameError(unknown_name_message(str(keep), KEEP, "keep"))
        if pool < 1:
            raise MisuseError(f"--pool {pool} should be at least 1")
        from attnviz.sources.watch.limits import RecordingLimits
        from attnviz.sources.watch.recorder import CallRecorder

        memory = machine_memory() or 1 << 34
        limits = RecordingLimits.parse(
            modules=modules,
            layers=layers,
            heads=heads,
            items=items,
            steps=steps,
            rows=rows,
            every=every,
            max_bytes=int(MEMORY_SHARE * memory) if max_memory is None else max_memory,
        )
        open_kept, n_byte_of = opener(keep, pool)
        self.keep = keep
        self.depth = 0
        self.recorder = CallRecorder(
            limits, open_kept, root=model, with_vectors=with_vectors, n_byte_of=n_byte_of
        )

    def __enter__(self) -> watch:
        from attnviz.sources.watch.interceptor import thread_interceptor

        if not self.depth:
            self.interceptor = thread_interceptor()
            self.interceptor.add(self.recorder)
        self.depth += 1
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.depth -= 1
        if not self.depth:
            self.interceptor.remove(self.recorder)
            self.recorder.finish()

    def __call__(self, function: Function) -> Function:
        """A function that is recorded whenever it runs."""

        @wraps(function)
        def record(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return record  # type: ignore[return-value]

    @property
    def captures(self) -> list[Capture]:
        """The recorded calls, in order: module, layer, step, shape, dtype, device…"""
        return self.recorder.captures

    @property
    def unrecorded(self) -> dict[str, str]:
        """Modules whose attention could not be recorded: name and reason."""
        return self.recorder.unrecorded

    def maps(
        self,
        tokens: Tokens | tuple[Tokens, Tokens] | Mapping[str, Tokens] | None = None,
        *,
        item: int | None = None,
    ) -> list[AttentionMap]:
        """The maps of the recorded calls, one per kind of attention and call of the model.

        Layers of equal shape are one map, and so are the steps of a generation.

        Args:
            tokens: the tokens of the queries and keys; a pair of both; or the tokens by kind,
                as in {"encoder": […], "decoder": […]}. None: those of a transformers tokenizer
                in the same process, for the ids that the model embedded; a note states it.
            item: the batch item, of several that were recorded.

        Raises:
            MisuseError: nothing was recorded, with the reason; or the limit of memory was reached.
            InvalidInputError: the tokens fit none of the maps.
        """
        self.require_kept("map", "pooled")
        from attnviz.api.watch_maps import build_map, group_captures
        from attnviz.api.watch_tokens import choose_tokens, find_tokens

        groups = group_captures(self.captures)
        maps = []
        for group, given in zip(groups, choose_tokens(groups, tokens), strict=True):
            embedded = find_tokens(group, self.recorder, item) if given is None else None
            sides, notes = (given, ()) if embedded is None else (embedded[0], embedded[1:])
            maps.append(build_map(group, self.recorder.names, sides, item, notes))
        return maps

    def links(self) -> list[dict[str, Any]]:
        """The largest weights of each head (with keep="links"), the largest first."""
        self.require_kept("links")
        from attnviz.api.watch_records import link_records

        return link_records(self.captures, self.recorder.names)

    def measures(self) -> list[dict[str, Any]]:
        """Numbers of each head and call (with keep="measures"): entropy, distance, largest."""
        self.require_kept("measures")
        from attnviz.api.watch_records import measure_records

        return measure_records(self.captures, self.recorder.names)

    def require_kept(self, *kinds: str) -> None:
        """Raise MisuseError where nothing was recorded, or something else was kept."""
        if self.recorder.refusal is not None:
            raise self.recorder.refusal
        if self.keep not in kinds:
            method = self.keep if self.keep in ("links", "measures") else "maps"
            raise MisuseError(f"keep={self.keep!r} kept no {kinds[0]}; use .{method}()")
        if not self.captures:
            raise MisuseError(self.reason_for_nothing())

    def reason_for_nothing(self) -> str:
        """Why there are no captures, and what to do."""
        recorder = self.recorder
        if recorder.unrecorded:
            name, reason = next(iter(recorder.unrecorded.items()))
            return f"no attention could be recorded: {name}: {reason}"
        if recorder.n_seen:
            names = [name or "outside of any module" for name in recorder.seen]
            more = f" and {len(names) - MAX_NAMES} others" if len(names) > MAX_NAMES else ""
            last = max(recorder.steps.values(), default=1) - 1
            return (
                f"none of {recorder.n_seen} attention calls is among the modules, layers and "
                f"steps that were selected; modules with attention: "
                f"{', '.join(names[:MAX_NAMES])}{more}; steps: {f'0 to {last}' if last else '0'}"
            )
        if recorder.has_other_thread:
            return (
                "no attention was recorded, but modules were called in another thread; enter "
                "watch in that thread"
            )
        from attnviz.sources.watch.compiled_code import COMPILED, n_compiled_frames

        if n_compiled_frames():
            return f"no attention was recorded, and the program is in part {COMPILED}"
        return (
            "no attention was recognized in the program: it called no attention function of "
            "PyTorch and no softmax of a product of queries and keys"
        )


def require_torch() -> None:
    """Raise CouldNotError where PyTorch is not installed."""
    from importlib.util import find_spec

    if find_spec("torch") is None:
        raise CouldNotError(
            "watch needs the torch package, which the program to be watched uses: "
            "pip install torch"
        )
