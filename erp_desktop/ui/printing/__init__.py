"""Papers before they are printed: pages on the screen, a PDF, a printer."""
