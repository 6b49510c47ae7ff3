"""Preventive maintenance: plans, the visits generated from them, what is decided of their dates, the year."""
