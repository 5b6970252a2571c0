"""Calls as other libraries have them: the error names the line, and what to write here."""

import numpy as np
import pytest

import dragongrad as ad
from dragongrad import lab, nn
from dragongrad.core.errors import ArgumentError

X, Y = np.zeros((8, 2), np.float32), np.zeros(8, np.int64)
MODEL = nn.Chain(head=nn.Dense(2))
PARAMS = MODEL.init(np.random.default_rng(0), (2,))
CHOSEN = {"loss": nn.cross_entropy, "update": nn.adam(1e-3)}
TRAIN = r"nn.train\(model, params, \(x, y\), loss=nn.cross_entropy, update=nn.adam\(1e-3\), epochs=10\)"


def f(p):
    return np.sum(p**2)


CASES = {
    "data as two arguments": (lambda: nn.train(MODEL, PARAMS, X, Y, **CHOSEN), f"Write {TRAIN}"),
    "nothing but the data": (lambda: nn.train(MODEL, PARAMS, (X, Y)), f"Write {TRAIN}"),
    "no parameters": (lambda: nn.train(MODEL, (X, Y), **CHOSEN), f"Write {TRAIN}"),
    "parameters first": (lambda: nn.train(PARAMS, MODEL, (X, Y), **CHOSEN), f"model comes first.*{TRAIN}"),
    "lr": (lambda: nn.train(MODEL, PARAMS, (X, Y), lr=0.1), r"Write update=nn.adam\(lr\), as in"),
    "batch_size": (lambda: nn.train(MODEL, PARAMS, (X, Y), batch_size=4, **CHOSEN), "Write batch=, as in"),
    "optimizer": (lambda: nn.train(MODEL, PARAMS, (X, Y), optimizer=nn.adam(0.1)), "Write update=, as in"),
    "an optimizer that was not called": (
        lambda: nn.train(MODEL, PARAMS, (X, Y), loss=f, update=nn.adam), r"write update=nn.adam\(1e-3\)"
    ),
    "an optimizer by name": (
        lambda: nn.train(MODEL, PARAMS, (X, Y), loss=f, update="Adam"), r"write update=nn.adam\(1e-3\)"
    ),
    "data as a list": (lambda: nn.train(MODEL, PARAMS, [X, Y], **CHOSEN), r"got list: write \(x, y\)"),
    "learning rate": (lambda: ad.minimize(f, X[0], learning_rate=0.1), "write lr="),
    "epochs": (lambda: ad.minimize(f, X[0], epochs=5), "max_iter limits the steps"),
    "a value to explore": (lambda: ad.explore(f(X)), r"Write ad.explore\(f, x\), not ad.explore\(f\(x\)\)"),
    "a value to trace": (lambda: ad.trace_table(f(X)), r"Write ad.trace_table\(f, x\)"),
    "a value to draw": (lambda: ad.graph(f(X)), r"Write ad.graph\(f, x\)"),
    "methods to race": (lambda: lab.race(f, methods=["adam"]), "Write optimizers=, as in lab.race"),
    "bounds of a map": (lambda: lab.basins(f, "gd", bounds=[(-1, 1), (-1, 1)]), "Write region=, as in lab.basins"),
    "no methods of a study": (lambda: lab.study(f, starts=[[1.0, 2.0]]), "Write lab.study"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_to_write_is_told(case):
    call, words = CASES[case]
    with pytest.raises(ArgumentError, match=f"(?s){words}"):
        call()


def test_the_line_is_told():
    with pytest.raises(ArgumentError, match=r"test_wrong_calls.py:\d+: nn.train\(MODEL, PARAMS, X, Y\)"):
        nn.train(MODEL, PARAMS, X, Y)


def test_errors_from_within_stay_as_they_are():
    def loss(out, y):
        raise TypeError("of the user's own")

    with pytest.raises(TypeError, match="of the user's own"):
        nn.train(MODEL, PARAMS, (X, Y), loss=loss, update=nn.adam(1e-3), batch=4, epochs=1, compile=False)
