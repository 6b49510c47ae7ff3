"""Who acts: roles, the acting person, passwords."""
