"""What is quick of a grid holds every value of every axis, or every pair, and the rest is slow."""

from itertools import combinations

import numpy as np
import pytest
from grid import covering

AXES = [f"case {k}" for k in range(30)], {"a": min, "b": max}, [np.float32, np.float64, None]


@pytest.mark.parametrize("together", [1, 2, 3])
def test_all_values_or_pairs_are_quick(together):
    every = covering(*AXES, together=together)
    quick = [row.values for row in every if not row.marks]
    parts = [
        {part for row in rows for part in combinations(enumerate(row), together)}
        for rows in (quick, [r.values for r in every])
    ]
    assert len({row.id for row in every}) == len(every) == 30 * 2 * 3
    assert parts[0] == parts[1]
    assert len(quick) <= {1: 30, 2: 100, 3: 180}[together]
    assert all([mark.name for mark in row.marks] == ["slow"] for row in every if row.values not in quick)
