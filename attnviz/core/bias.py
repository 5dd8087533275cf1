"""Old import path of attnviz.core.biases, kept for plug-ins."""

from attnviz.core.biases import *  # noqa: F403
