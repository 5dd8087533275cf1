"""Attention over arrays as users call it: large layers are shared out among threads."""

from __future__ import annotations

from attnviz.api.blas_threads import threads
from attnviz.core.engine.attend import attend as attend_alone

attend = threads()(attend_alone)
