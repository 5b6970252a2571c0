"""The manual's table of special functions says what is so."""

import re

import numpy as np
import pytest

pytest.importorskip("llvmlite")
from scipy import special
from special_cases import ALL
from special_table import END, PAGE, START, states


def table():
    """The rows of the page, by the names of the functions."""
    _, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    lines = rest.partition(END)[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line[1:-1].split("|")] for line in lines]
    return {row[0].strip("` "): row[1:] for row in cells}


def test_it_lists_every_function_with_its_state():
    assert {
        name: (state, constants, native.strip("| ")) for name, (state, constants, *_, native) in table().items()
    } == states()


def test_it_names_every_ufunc():
    ufuncs = {name for name in special.__all__ if isinstance(getattr(special, name), np.ufunc)}
    known = {getattr(special, name, None) for name in table()}
    assert all(getattr(special, name) in known for name in ufuncs)


def test_errors_are_within_what_the_tests_ask():
    rows, checked = table(), 0
    for case in ALL:
        row = rows[re.sub("^_(riemann_)?", "", case.name)]
        checked += 1
        # Another function of that name may be less precise.
        same = [c for c in ALL if re.sub("^_(riemann_)?", "", c.name) == re.sub("^_(riemann_)?", "", case.name)]
        assert float(row[2]) <= max(c.rtol for c in same) * 1.1
        assert float(row[3]) <= max(c.second for c in same) * 1.1
    assert checked > 150


def test_it_is_in_the_manual():
    assert "\nspecial\n" in PAGE.with_name("index.md").read_text(encoding="utf-8")
