"""Programs composed at random, compiled on both backends: values, gradients, second order and batches."""

import numpy as np
import pytest
from grid import BACKENDS, assert_compiles, check_passes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_random_programs import PROGRAMS, matrices, run

import dragongrad as ad

pytestmark = pytest.mark.filterwarnings("error::dragongrad.CompileWarning")


def everything(program):
    def f(x):
        return run(program, x)

    def both(x, v):
        return f(x), ad.grad(f)(x), ad.jvp(ad.grad(f), (x,), (v,))[1], ad.vmap(ad.grad(f))(np.stack([x, v]))

    return both


def check(program, seed, backend):
    first = matrices(seed)
    assert_compiles(everything(program), first, first[::-1] * 1.3, backend)


QUICK = settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@QUICK
@given(PROGRAMS, st.integers(0, 2**32 - 1))
def test_random_programs_on_numpy(monkeypatch, program, seed):
    with monkeypatch.context() as patch:
        check_passes(patch)
        check(program, seed, "numpy")


@settings(QUICK, max_examples=4)
@given(PROGRAMS, st.integers(0, 2**32 - 1))
def test_random_programs_native(program, seed):
    check(program, seed, "native")


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_many_random_programs(backend):
    @settings(max_examples=300, deadline=None, derandomize=True, database=None)
    @given(PROGRAMS, st.integers(0, 2**32 - 1))
    def many(program, seed):
        check(program, seed, backend)

    many()
