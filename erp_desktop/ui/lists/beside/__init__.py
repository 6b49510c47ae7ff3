"""What stands beside a list: the form of the chosen row."""
