"""What IT asks of a machine that it cannot visit: an examination, and a file to send."""
