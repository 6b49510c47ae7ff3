"""The SQL of the catalogue of figures (``domain.rapports.figures``): one question each, alike on both engines."""
