"""The transforms, a file per idea."""
