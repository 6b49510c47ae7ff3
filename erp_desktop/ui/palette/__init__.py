"""Ctrl+K: records of every section, numbers in any spelling, and commands, in one box over the window."""
