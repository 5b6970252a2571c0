"""Loops of the user's: programs of one step, and what runs them again and again."""
