"""What a person has to look at: conflicts, duplicates, refused changes."""
