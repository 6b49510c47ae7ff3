"""Times that machines stood still, on their form and on that of an intervention."""
