"""Building blocks of the window: theme, icons, controls, tables. No knowledge of the trade."""
