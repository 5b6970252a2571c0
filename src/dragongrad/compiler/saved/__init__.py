"""Compiled functions in files: what they computed, written down so that another process compiles it anew."""
