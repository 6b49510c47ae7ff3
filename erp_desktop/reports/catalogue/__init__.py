"""The SQL of the catalogue of figures (``domain.figures``): for each one question that both engines answer alike."""
