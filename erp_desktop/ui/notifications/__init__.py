"""Notices: the bell's panel, the person's choices, and who looks for news while the window is open."""
