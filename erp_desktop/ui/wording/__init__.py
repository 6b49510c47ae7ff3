"""What a clerk reads for values and fields."""
