"""The start of a desktop: what its cache is, its upgrade by verified copy, the way back."""
