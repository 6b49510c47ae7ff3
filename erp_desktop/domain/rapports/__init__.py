"""What managers ask of reports: figures with one definition each, named periods, definitions that are kept."""
