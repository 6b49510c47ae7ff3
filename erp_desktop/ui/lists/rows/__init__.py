"""What is done with the rows of a list: one by its menu, several by their bar."""
