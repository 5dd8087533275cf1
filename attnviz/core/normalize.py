"""Old import path of attnviz.core.normalizers, kept for plug-ins."""

from attnviz.core.normalizers import *  # noqa: F403
from attnviz.core.normalizers import Normalizer as Normalize  # noqa: F401
