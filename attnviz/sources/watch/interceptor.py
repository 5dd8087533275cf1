"""Interceptor: a torch function mode and module hooks that pass attention calls to recorders.

Modules of PyTorch that have a fused path (nn.MultiheadAttention, nn.TransformerEncoderLayer,
nn.TransformerEncoder) leave it under a torch function mode, and compute slightly different
numbers. While such a module runs, the mode is therefore suspended; its attention is recomputed
from its arguments after it has returned.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any, Protocol

import torch
from torch import nn
from torch.nn import functional
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.overrides import TorchFunctionMode

from attnviz.sources.watch.attention_call import AttentionCall
from attnviz.sources.watch.compiled_code import COMPILED, is_compiled, n_compiled_frames
from attnviz.sources.watch.functions import CALLS, parse_arguments
from attnviz.sources.watch.handwritten import HandwrittenAttention
from attnviz.sources.watch.modes import current_mode, is_only_mode, remove_mode, unobserved
from attnviz.sources.watch.multihead import call_of_encoder_layer, call_of_module
from attnviz.sources.watch.python_functions import WrappedFunctions

FUSED = (nn.MultiheadAttention, nn.TransformerEncoderLayer, nn.TransformerEncoder)
HELPERS = (nn.Softmax, nn.Dropout, nn.Identity)  # modules that belong to the one that calls them
ATTENTION = re.compile(r"attention|attn", re.I)  # in names of classes
UNRECOGNIZED = (
    "no attention was recognized in it: it calls no attention function of PyTorch, and applies no "
    "masked or normalized product of queries and keys to values"
)
state = threading.local()


class Frame:
    """A module that is running: its inputs, and whether attention was recorded in it."""

    def __init__(self, module: Any, args: tuple[Any, ...]) -> None:
        self.module, self.args = module, args
        self.n_call = self.n_softmax = 0
        self.is_suspended = False


class Recorder(Protocol):
    """Receives the attention calls of a program, while it runs."""

    has_other_thread: bool  # modules were called in a thread that is not recorded

    def enter_outermost(self, module: Any) -> None:
        """A module is called that no other module has called."""

    def take_call(self, build: Callable[[], AttentionCall], frames: list[Frame]) -> None:
        """An attention call, within these modules, the outermost first."""

    def take_embedding(self, args: Any, frames: list[Frame]) -> None:
        """F.embedding is called with these arguments."""

    def note(self, module: Any, reason: str) -> None:
        """Attention of a module that could not be recorded."""


class Interceptor:
    """Intercepts the torch functions and module calls of one thread, for several recorders."""

    def __init__(self) -> None:
        self.recorders: list[Recorder] = []
        self.frames: list[Frame] = []
        self.thread = threading.get_ident()
        self.mode = Mode(self)
        self.handwritten = HandwrittenAttention(self.take_call, self.running)
        self.hooks: list[Any] = []
        self.wrapped = WrappedFunctions(self.run_wrapped)
        self.n_compiled = 0  # functions compiled before the program was recorded

    def add(self, recorder: Recorder) -> None:
        """Pass calls to a recorder; the first one installs mode and hooks."""
        self.recorders.append(recorder)
        if len(self.recorders) == 1:
            self.frames.clear()
            self.hooks = [
                register_module_forward_pre_hook(self.enter_module),
                register_module_forward_hook(
                    self.leave_module, with_kwargs=True, always_call=True
                ),
            ]

            import_module("torch.nn.attention.flex_attention")  # before a program refers to it
            self.wrapped.install()
            self.n_compiled = n_compiled_frames()
            self.mode.__enter__()

    def remove(self, recorder: Recorder) -> None:
        """Pass no more calls to a recorder; with the last one, mode and hooks are gone."""
        self.handwritten.leave_module(None)
        if n_compiled_frames() > self.n_compiled:
            recorder.note(None, f"a function is {COMPILED}")
        self.recorders.remove(recorder)
        if not self.recorders:
            for hook in self.hooks:
                hook.remove()
            self.frames.clear()
            remove_mode(self.mode)
            self.wrapped.remove()
            self.handwritten = HandwrittenAttention(self.take_call, self.running)

    def is_idle(self) -> bool:
        """Whether a call is no concern of this interceptor: another thread, or compilation."""
        return torch.compiler.is_compiling() or threading.get_ident() != self.thread

    def note_other_thread(self) -> None:
        """Note a module that is called in a thread which records nothing itself."""
        if threading.get_ident() != self.thread and not thread_interceptor().recorders:
            for recorder in self.recorders:
                recorder.has_other_thread = True

    def enter_module(self, module: Any, args: tuple[Any, ...]) -> None:
        """Forward pre-hook of every module."""
        if self.is_idle():
            self.note_other_thread()
            return
        if not self.frames:
            self.wrapped.install()
            for recorder in self.recorders:
                recorder.enter_outermost(module)
        if is_compiled(module):
            self.note(module, f"it is {COMPILED}")
        frame = Frame(module, args)
        self.frames.append(frame)
        # Other modes keep a module from its fused path anyway.
        is_fused = type(module) in FUSED and runs_without_mode(module)
        if is_fused and is_only_mode(self.mode):
            remove_mode(self.mode)
            frame.is_suspended = True

    def leave_module(self, module: Any, args: Any, kwargs: Any, *result: Any) -> None:
        """Forward hook of every module, also of those that raise an exception."""
        if self.is_idle() or not any(frame.module is module for frame in self.frames):
            return
        while True:
            self.handwritten.leave_module(self.frames[-1])
            frame = self.frames.pop()
            if frame.is_suspended:
                self.mode.__enter__()
            if frame.module is module:
                break
        if result and result[0] is not None and runs_without_mode(module):
            self.take_fused(frame, args, kwargs)
        if not frame.n_call and ATTENTION.search(type(module).__name__):
            self.note(module, UNRECOGNIZED)

    def take_fused(self, frame: Frame, args: Any, kwargs: Any) -> None:
        """Pass on the attention of a module that has returned, from its arguments."""
        module = frame.module
        if type(module) is nn.MultiheadAttention:
            self.frames.append(frame)
            self.take_call(lambda: call_of_module(module, args, kwargs))
            self.frames.pop()
        elif type(module) is nn.TransformerEncoderLayer and not frame.n_call:
            self.frames += [frame, Frame(module.self_attn, args)]
            self.take_call(lambda: call_of_encoder_layer(module, args, kwargs))
            del self.frames[-2:]

    def note(self, module: Any, reason: str) -> None:
        """Pass on that attention of a module could not be recorded."""
        for recorder in self.recorders:
            recorder.note(module, reason)

    def take_call(self, build: Callable[[], AttentionCall]) -> None:
        """Pass an attention call to the recorders."""
        for frame in self.frames:
            frame.n_call += 1
        with unobserved():
            for recorder in self.recorders:
                recorder.take_call(build, self.frames)

    def take_function(self, function: Any, args: Any, kwargs: Any, result: Any) -> None:
        """Pass the call of a torch function on: attention, or one that may be part of it."""
        if function in CALLS:
            if any(type(frame.module) is nn.MultiheadAttention for frame in self.frames):
                return  # taken from the arguments of the module
            self.take_call(lambda: parse_arguments(CALLS[function], args, kwargs))
            return
        if function is functional.embedding:
            with unobserved():
                for recorder in self.recorders:
                    recorder.take_embedding(args, self.frames)
        self.handwritten.observe(function, args, kwargs, result)

    def run_wrapped(
        self, build: Callable[[], AttentionCall], call_original: Callable[[], Any]
    ) -> Any:
        """The result of a function that the mode does not see, whose call is passed on."""
        interceptor = thread_interceptor()
        if not interceptor.recorders or current_mode() is not interceptor.mode:
            return call_original()
        n_compiled = n_compiled_frames()
        remove_mode(interceptor.mode)
        try:
            result = call_original()
        finally:
            interceptor.mode.__enter__()
        interceptor.n_compiled += n_compiled_frames() - n_compiled
        interceptor.take_call(build)
        return result

    def running(self) -> Frame | None:
        """The module that is running."""
        return calling_frame(self.frames)


class Mode(TorchFunctionMode):  # type: ignore[misc]  # torch need not be installed
    """Calls every torch function unchanged, and passes it to the interceptor."""

    def __init__(self, interceptor: Interceptor) -> None:
        super().__init__()
        self.interceptor = interceptor

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if not torch.compiler.is_compiling():
            self.interceptor.take_function(func, args, kwargs or {}, result)
        return result


def calling_frame(frames: list[Frame]) -> Frame | None:
    """The module that calls attention: the innermost that is no helper; None outside of all."""
    return next((f for f in reversed(frames) if not isinstance(f.module, HELPERS)), None)


def runs_without_mode(module: Any) -> bool:
    """Whether all attention of a module is in modules whose arguments state it."""
    if type(module) is nn.TransformerEncoder:
        return all(runs_without_mode(layer) for layer in module.layers)
    if type(module) is nn.TransformerEncoderLayer:
        return type(module.self_attn) is nn.MultiheadAttention
    return type(module) is nn.MultiheadAttention


def thread_interceptor() -> Interceptor:
    """The interceptor of this thread."""
    if not hasattr(state, "interceptor"):
        state.interceptor = Interceptor()
    interceptor: Interceptor = state.interceptor
    return interceptor
