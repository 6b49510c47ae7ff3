"""What several services share: lists, choices, clocks, traces."""
