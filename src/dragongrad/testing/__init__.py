"""Checks of derivatives, usable on functions and Blocks of your own."""

from .derivatives import check_derivatives

__all__ = ["check_derivatives"]
