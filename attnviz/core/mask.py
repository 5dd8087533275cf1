"""Old import path of attnviz.core.masks, kept for plug-ins."""

from attnviz.core.masks import *  # noqa: F403
