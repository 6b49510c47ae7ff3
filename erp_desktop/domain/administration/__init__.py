"""What administrators keep, as pure Python."""
