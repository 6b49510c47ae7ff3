"""What is declared once: tables and columns that are synchronised, their policies, limits and rules, capture."""
