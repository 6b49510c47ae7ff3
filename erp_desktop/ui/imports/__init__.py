"""Import of a file in the window: one page, from the file to what is written."""
