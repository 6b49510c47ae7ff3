"""The functions of schema ``sync``, by what they serve."""
