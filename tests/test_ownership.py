"""Whose is what: others can look at what they were shown, and change nothing; and no token is in the server's log."""
