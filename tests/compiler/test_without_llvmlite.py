"""The rooms that compile by themselves work where llvmlite is not installed; `test_guards.py` has `ad.compile`."""

import subprocess
import sys

CODE = """
import importlib.abc, sys, warnings
class Without(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "llvmlite":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Without())
warnings.filterwarnings("ignore", "llvmlite is not installed")
import numpy as np, dragongrad as ad
from dragongrad import nn

assert np.allclose(ad.minimize(lambda v: np.sum((v - 1) ** 2), np.zeros(300)).x, 1)
assert np.allclose(ad.least_squares(lambda p: p - 1.0, [0.0, 0.0]).x, 1)
decay = lambda p: ad.integrate.solve_ivp(lambda t, y, p: -p * y, (0, 1), [1.0], t_eval=[1.0], args=(p,)).y[0, -1]
assert np.isclose(ad.compile(ad.grad(decay))(0.5), -np.exp(-0.5), atol=1e-4)
loop = lambda a: ad.scan(lambda c, _: (c * np.sin(a), None), a, length=5)[0]
assert np.isclose(ad.compile(ad.grad(loop))(0.5), ad.grad(loop)(0.5))
model, data = nn.Chain(a=nn.Dense(3)), (np.ones((8, 2), np.float32), np.zeros(8, int))
params = model.init(np.random.default_rng(0), (2,))
assert nn.train(model, params, data, loss=nn.cross_entropy, update=nn.adam(0.1), epochs=1, batch=4).history
ad.set_threads(1)
compiled = ad.compile(np.sin)
compiled(1.0)
for ask in (lambda: compiled.asm, lambda: compiled.llvm):
    try:
        ask()
    except ad.ArgumentError as error:
        assert "there is no machine code" in str(error)
    else:
        raise AssertionError("there is machine code")
assert ad.cache_info().hits == 0 and "llvmlite" not in sys.modules
"""


def test_rooms_work_without_llvmlite():
    run = subprocess.run([sys.executable, "-W", "error", "-c", CODE], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
