"""attend: attention over arrays, on several threads for large ones."""

from __future__ import annotations

from attnviz.api.blas_threads import use_threads
from attnviz.core.engine.attend import attend as attend_alone

attend = use_threads()(attend_alone)
