"""The planning: who goes where and when, what that breaks, and who would fit."""
