"""Deleting many signature requests at once, and the command on top of it."""
