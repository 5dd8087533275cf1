"""Programs of the user that run within attnviz."""
