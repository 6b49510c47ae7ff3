"""The manager's first screen: what needs a decision, key figures with their targets, charts that open their rows."""
