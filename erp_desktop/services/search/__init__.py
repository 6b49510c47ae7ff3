"""One question to every noun: records by words, by numbers in any spelling, and what is shown of one at a glance."""
