"""Interventions: the list, the form, the transitions, the lines and the history."""
