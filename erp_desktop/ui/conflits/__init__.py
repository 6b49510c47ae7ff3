"""The conflict inbox: what lost, beside what stood, and the choice between them."""
