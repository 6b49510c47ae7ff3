"""Expressions that both a query and an index spell."""
