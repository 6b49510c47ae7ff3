"""One module for each paper: what its template prints, already written."""
