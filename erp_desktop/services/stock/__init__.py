"""Stock: parts, places, the ledger of movements, counts, and what intervention lines take from them."""
