"""Who did what and when; what is held on one person, and its erasure."""
