"""The pictures of the laboratory, a file each, and the race as a page."""
