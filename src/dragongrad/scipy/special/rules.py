"""The rules of all ufuncs of `scipy.special`; importing this enters them in the table."""

from . import elementary, errors, gammas

__all__ = ["elementary", "errors", "gammas"]
