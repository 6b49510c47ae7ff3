"""Invoices: amounts, amounts in words, delays of payment, states, what a person types."""
