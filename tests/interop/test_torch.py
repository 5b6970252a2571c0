"""NumPy functions inside PyTorch's programs: against the same function in PyTorch."""

import sys

import numpy as np
import pytest

import dragongrad as ad
from dragongrad.interop import torch as bridge

# PyTorch warns of itself.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")


def test_an_absent_library_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ad.MissingExtraError, match=r"dragongrad\[torch\]"):
        bridge.wrap(np.sin)(1.0)


def numpy_function(x, y):
    return {"a": np.sum(np.sin(x) * y**2), "b": np.exp(x @ np.transpose(y))}


def loss(out):
    return out["a"] + (out["b"] ** 2).sum()


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.fixture
def both(torch):
    """The wrapped function and PyTorch's own, of two arrays, and a point."""
    x = torch.tensor([[0.1, 0.2], [0.3, -0.4]], dtype=torch.float64)
    y = torch.tensor([[1.0, -0.2], [0.5, 0.3]], dtype=torch.float64)
    theirs = lambda x, y: {"a": (torch.sin(x) * y**2).sum(), "b": torch.exp(x @ y.T)}
    return bridge.wrap(numpy_function), theirs, x, y


def same(torch, got, wanted):
    torch.testing.assert_close(got, wanted, rtol=1e-10, atol=1e-12)


def test_values_and_backward(torch, both):
    ours, theirs, x, y = both
    same(torch, ours(x, y), theirs(x, y))
    grads = []
    for f in (ours, theirs):
        a, b = x.clone().requires_grad_(), y.clone().requires_grad_()
        loss(f(a, b)).backward()
        grads.append((a.grad, b.grad))
    same(torch, *grads)


def test_every_transform_of_torch_func(torch, both):
    ours, theirs, x, y = both
    func = torch.func
    of = lambda f: lambda x, y: loss(f(x, y))
    for transform in (
        lambda f: func.grad(of(f), (0, 1))(x, y),
        lambda f: func.jvp(f, (x, y), (y, x))[1],
        lambda f: func.vjp(f, x, y)[1](f(x, y)),
        lambda f: func.hessian(of(f))(x, y),
        lambda f: func.jacfwd(func.jacfwd(of(f)))(x, y),
        lambda f: func.jacrev(func.jacrev(of(f)))(x, y),
        lambda f: func.vmap(f, (0, None))(torch.stack([x, 2 * x, y]), y),
        lambda f: func.vmap(func.grad(of(f)), (1, None))(torch.stack([x, 2 * x], 1), y),
        lambda f: func.grad(lambda r: func.vmap(of(f), (0, None))(r, y).sum())(torch.stack([x, 2 * x])),
    ):
        same(torch, transform(ours), transform(theirs))


def test_gradgradcheck(torch, both):
    ours, _, x, y = both
    x, y = x.requires_grad_(), y.requires_grad_()
    assert torch.autograd.gradcheck(lambda x, y: ours(x, y)["b"], (x, y), check_forward_ad=True)
    assert torch.autograd.gradgradcheck(lambda x, y: loss(ours(x, y)), (x, y))


def test_complex_dtypes_constants_and_integers(torch):
    z = torch.tensor([1.0 + 2.0j, 0.5 - 1.0j], dtype=torch.complex128, requires_grad=True)
    ours = bridge.wrap(lambda z: np.sum(np.abs(z) ** 2 + np.real(z * z)))
    assert torch.autograd.gradcheck(ours, (z,))
    assert torch.autograd.gradgradcheck(ours, (z,))
    x = torch.tensor([1.0, 4.0], dtype=torch.float32, requires_grad=True)
    taken = bridge.wrap(lambda x, places, scale: (np.sqrt(x)[places] * scale, np.argmax(x)))
    out, place = taken(x, torch.tensor([1, 1]), 3.0)
    assert (out.dtype, place.item()) == (torch.float32, 1)
    assert not place.requires_grad
    out.sum().backward()
    same(torch, x.grad, torch.tensor([0.0, 1.5], dtype=torch.float32))
    assert bridge.wrap(lambda a, *, shift: a + shift)(x, shift=1.0).tolist() == [2.0, 5.0]
    with pytest.raises(ad.DtypeError, match="bfloat16"):
        bridge.wrap(np.sin)(x.detach().to(torch.bfloat16))


def test_a_solver_inside_a_network(torch):
    """An implicit function of ours as a layer of theirs."""
    root = ad.implicit.root(lambda a: np.cbrt(a), lambda x, a: x**3 - a)
    layer = bridge.wrap(root)
    a = torch.tensor([8.0, 27.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(layer, (a,))
