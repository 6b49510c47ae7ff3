"""What managers read: the dashboard, reports of their own, and how these are sent."""
