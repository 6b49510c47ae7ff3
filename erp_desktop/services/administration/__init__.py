"""What administrators keep: accounts, agencies, letterheads, reference data; and what they look at."""
