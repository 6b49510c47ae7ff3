"""Contracts: their life cycle, their dates, what a person types."""
