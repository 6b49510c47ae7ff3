"""Checklists: their points in versions, and the answers that interventions get."""
