"""Sums of squares: residuals, robust losses, the methods for them, and the report of a fit."""
