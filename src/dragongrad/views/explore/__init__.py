"""The explorer: one recording of a function as a page in which source, trace table and graph move in step."""
