"""The promises about kinks and singularities, each at its own example: every mode, batched and compiled."""

import numpy as np
import pytest
from grid import BACKENDS, covering

import dragongrad as ad
from dragongrad.blocks.kinks import KINKS
from dragongrad.core.block import TABLE

PROMISES = {f"{getattr(fn, '__name__', fn)} at {kink.at}": kink for fn, kinks in KINKS.items() for kink in kinks}
BY_COLUMNS = {
    "reverse": ad.jacrev,
    "forward": ad.jacfwd,
    "batched": lambda f: lambda x: ad.vmap(ad.jacobian(f))(np.stack([x, x]))[1],
}


def test_every_promise_is_about_a_function_of_the_table():
    assert not [fn for fn in KINKS if fn not in TABLE]


def check(kink, jacobian):
    """The Jacobian is what was promised, NaN included, or the error is."""
    x = np.asarray(kink.point)
    with np.errstate(all="ignore"):
        if isinstance(kink.expected, type):
            with pytest.raises(kink.expected):
                jacobian(x)
            return
        got = jacobian(x)
        expected = np.broadcast_to(kink.expected, np.shape(kink.f(x)) + x.shape)
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kink", PROMISES.values(), ids=PROMISES)
@pytest.mark.parametrize("mode", BY_COLUMNS)
def test_the_promise_is_kept(kink, mode):
    check(kink, BY_COLUMNS[mode](kink.f))


@pytest.mark.parametrize(("kink", "backend"), covering(PROMISES, BACKENDS))
def test_the_promise_is_kept_by_compiled_code(kink, backend):
    compiled = ad.compile(ad.jacobian(kink.f), backend=backend)
    for _ in range(2):
        check(kink, compiled)
