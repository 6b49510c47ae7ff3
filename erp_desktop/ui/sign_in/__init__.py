"""Who sits here: the login screen, the password and its change."""
