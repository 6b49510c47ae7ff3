"""Preventive plans: the dates of a rule, what may be typed, what a date has become."""
