"""Worker threads, and what puts partial results together."""
