"""A fixed part of what `make fuzz` explores: the same cases every time."""

import pytest
from fuzz.explore import explore
from fuzz.fuzzers import FUZZERS

# So many cases take about a second each.
COUNTS = {"programs": 8, "special": 3, "writes": 8, "wrong": 6, "formulas": 20, "optimizers": 2, "processes": 1}


@pytest.mark.parametrize("name", FUZZERS)
def test_a_fixed_part_finds_nothing(name):
    fuzzer = FUZZERS[name]
    fuzzer.prepare()
    report = explore(fuzzer.draw, range(COUNTS[name]), refusals=fuzzer.refusals)
    assert not report.failures, "\n".join(f.text for f in report.failures)
    assert report.endings["right"] > COUNTS[name] / 2
