"""The planning: a board of slots by technicien, painted by one view, and what waits beside it."""
