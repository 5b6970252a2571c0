"""What type checkers say of users' code, and of the core with NumPy's own stubs."""

import re

import numpy as np
from declarations import FILE, NUMPY, declared, text


def test_every_function_of_the_table_is_declared():
    """And nothing else, but for functions that this NumPy does not have yet."""
    found = set(re.findall(r"^def (\w+)\(", FILE.read_text(encoding="utf-8"), re.MULTILINE))
    assert set(declared()) <= found
    assert not [name for name in found - set(declared()) if hasattr(np, name)]


def test_declarations_are_those_of_the_table():
    """Line by line, of the NumPy that the file was made with."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    wrong = [line for line in text().splitlines() if line not in lines]
    assert not wrong or not np.__version__.startswith(NUMPY)
