"""How figures and words are set on screens and papers: spaces, isolates."""
