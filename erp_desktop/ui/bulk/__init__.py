"""One change of several records: the panel, its preview, and what it says of values."""
