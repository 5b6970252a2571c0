"""Right and wrong uses of the public functions, with what a type checker says of each.

`# error: code` stands where a use is wrong, and `# is T` gives what `reveal_type` says. `F` is an array of float64,
and the names of modules are left out.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, reveal_type

import numpy as np
import numpy.typing as npt

import dragongrad as ad

F = npt.NDArray[np.float64]


@dataclass
class Params:
    w: F
    b: float


class Model:
    @ad.compile
    def energy(self, x: F, power: int = 2) -> float:
        return np.sum(x**power)

    def __call__(self, x: F) -> float:
        return np.sum(x)


def loss(w: F, power: int = 2) -> float:
    return np.sum(w**power)


def with_rest(w: F, power: int = 2) -> tuple[float, dict[str, int]]:
    return np.sum(w**power), {"power": power}


def field(x: F, t: float) -> F:
    return x * t


def scaled(x: F, t: float) -> float:
    return np.sum(x * t)


def number(t: float, n: int) -> float:
    return t**n


def of_params(p: Params, *, scale: float) -> float:
    return np.sum(p.w) * p.b * scale


def of_list(x: list[float]) -> float:
    return x[0]


def of_anything(x: npt.ArrayLike) -> float:
    return np.sum(np.asarray(x))


def gradients(w: F, p: Params, f: Any) -> None:
    reveal_type(ad.grad(loss))  # is Transform[[F, power: int =], F]
    reveal_type(ad.grad(loss, has_aux=False)(w, power=3))  # is F
    reveal_type(ad.grad(with_rest, has_aux=True))  # is Transform[[F, power: int =], tuple[F, dict[str, int]]]
    reveal_type(ad.grad(scaled, argnums=1)(w, 2.0))  # is Any
    reveal_type(ad.grad(scaled, argnums=(0, 1))(w, 2.0))  # is tuple[Any, ...]
    reveal_type(ad.grad(with_rest, (0,), has_aux=True)(w))  # is tuple[tuple[Any, ...], dict[str, int]]
    reveal_type(ad.grad(with_rest, 0, True)(w))  # is Any
    reveal_type(ad.grad(of_params)(p, scale=2.0))  # is Params
    reveal_type(ad.grad(ad.grad(number))(2.0, 3))  # is float
    reveal_type(ad.grad(of_list)([1.0]))  # is Any
    reveal_type(ad.grad(of_anything)(w))  # is Any
    reveal_type(ad.grad(Model())(w))  # is F
    reveal_type(ad.grad(partial(loss, power=3))(w))  # is Any
    reveal_type(ad.grad(lambda x: x @ x)(w))  # is Any
    reveal_type(ad.grad(lambda x, y: x @ y, (0, 1))(w, w))  # is Any
    reveal_type(ad.grad(np.sin)(1.0))  # is Any
    reveal_type(ad.grad(ad.sum)(w))  # is Any
    reveal_type(ad.grad(f)(w, 1, a=2))  # is Any
    ad.grad(np.sum)(w)
    ad.grad(loss)()  # error: call-arg
    ad.grad(loss)("w")  # error: arg-type
    ad.grad(loss)(w, exponent=2)  # error: call-arg
    ad.grad(number)(2.0, "n")  # error: arg-type
    ad.grad(of_params)(p)  # error: call-arg
    ad.grad(3)  # error: call-overload
    ad.grad(loss, argnums="w")  # error: call-overload
    reveal_type(ad.value_and_grad(loss)(w))  # is tuple[float, F]
    reveal_type(ad.value_and_grad(with_rest, has_aux=True)(w))  # is tuple[tuple[float, dict[str, int]], F]
    reveal_type(ad.value_and_grad(scaled, (0, 1))(w, 2.0))  # is tuple[float, tuple[Any, ...]]
    reveal_type(ad.value_and_grad(lambda x: x @ x)(w))  # is Any
    ad.value_and_grad(loss)(w, 2, 3)  # error: call-arg


def jacobians(w: F) -> None:
    reveal_type(ad.jacobian(field)(w, 2.0))  # is ndarray[Any, Any]
    reveal_type(ad.jacfwd(field, argnums=1)(w, 2.0))  # is Any
    reveal_type(ad.jacrev(with_rest, has_aux=True)(w))  # is tuple[Any, dict[str, int]]
    reveal_type(ad.hessian(loss)(w))  # is ndarray[Any, Any]
    ad.jacobian(np.cumsum)(w)
    ad.jacobian(np.sin)(w)
    ad.jacobian(lambda x: x * x)(w)
    ad.hessian(lambda x: x @ x)(w)
    ad.jacobian(field)(w)  # error: call-arg
    ad.jacfwd(field)(w, "t")  # error: arg-type
    ad.jacrev(field)(w, 2.0, 3.0)  # error: call-arg
    ad.hessian(loss)(w, "power")  # error: arg-type
    ad.jacobian(field, mode=1)  # error: call-overload
    reveal_type(ad.hvp(loss, w, w, 3))  # is F
    reveal_type(ad.hvp(of_list, [1.0], [1.0]))  # is Any
    ad.hvp(lambda x: x @ x, w, w)
    ad.hvp(loss, w, w, "power")  # error: call-overload
    reveal_type(ad.jvp(field, (w, 2.0), (w, 1.0)))  # is tuple[F, F]
    reveal_type(ad.jvp(with_rest, (w,), (w,), has_aux=True))  # is tuple[float, float, dict[str, int]]
    ad.jvp(field, w, w)  # error: call-overload
    reveal_type(ad.vjp(field, w, 2.0))  # is tuple[F, def (Any) -> tuple[Any, ...]]
    reveal_type(ad.vjp(with_rest, w, has_aux=True)[2])  # is dict[str, int]
    ad.vjp(field, w)  # error: call-overload
    reveal_type(ad.linearize(field, w, t=2.0)[0])  # is F
    ad.linearize(field, w, "t")  # error: arg-type
    reveal_type(ad.derivative(number, order=2))  # is Transform[[t: float, n: int], float]
    ad.derivative(np.sin)(1.0)
    ad.derivative(number)("t", 2)  # error: arg-type


def batches(w: F, rows: F) -> None:
    reveal_type(ad.vmap(loss)(rows))  # is ndarray[Any, Any]
    reveal_type(ad.vmap(ad.grad(loss)))  # is Transform[[F, power: int =], ndarray[Any, dtype[float64]]]
    reveal_type(ad.vmap(number, in_axes=(0, None))(rows, 2))  # is ndarray[Any, Any]
    reveal_type(ad.vmap(ad.value_and_grad(loss))(rows))  # is Any
    ad.vmap(np.sin)(rows)
    ad.vmap(lambda x: x @ x)(rows)
    ad.vmap(np.linalg.norm)(rows)
    ad.vmap(field, in_axes=(0, None))(rows)  # error: call-arg
    ad.vmap(loss)("rows")  # error: arg-type
    ad.vmap(number)(object())  # error: arg-type


def compiled(w: F, model: Model) -> None:
    reveal_type(ad.compile(loss))  # is Compiled[[w: F, power: int =], float]
    reveal_type(ad.compile(ad.grad(loss)))  # is Compiled[[F, power: int =], F]
    reveal_type(ad.compile(static="power")(loss))  # is Compiled[[w: F, power: int =], float]
    reveal_type(ad.compile(loss).report())  # is str
    reveal_type(model.energy)  # is def (x: F, power: int =) -> float
    reveal_type(Model.energy.compiled)  # is int
    ad.compile(np.sin)(w)
    ad.compile(lambda x: x @ x)(w)
    ad.compile(loss)(w, "power")  # error: arg-type
    print(ad.compile(loss).sources)  # error: attr-defined
    ad.compile(loss, fast_maths=True)  # error: call-overload
    model.energy(w, "power")  # error: arg-type
    reveal_type(ad.checkpoint(field))  # is Transform[[x: F, t: float], F]
    ad.checkpoint(field)(w)  # error: call-arg
    reveal_type(ad.stop_gradient(w))  # is F
    reveal_type(ad.stop_gradient({"w": 1.0}))  # is dict[str, float]


@ad.compile(static="n")
def power(x: F, n: int) -> F:
    return x**n


@ad.custom_rule
def clipped(x: F, high: float = 1.0) -> F:
    return np.clip(x, -high, high)


@clipped.pullback
def straight_through(out_bar: F) -> F:
    return out_bar


def decorated(w: F) -> None:
    reveal_type(power)  # is Compiled[[x: F, n: int], F]
    reveal_type(clipped)  # is CustomRule[[x: F, high: float =], F]
    reveal_type(straight_through)  # is def (out_bar: F) -> F
    power(w)  # error: call-arg
    clipped(w, "high")  # error: arg-type
    reveal_type(ad.custom_rule(pullback=straight_through)(loss)(w))  # is float


def names(w: F) -> None:
    ad.sin(w), ad.abs(w), ad.Variable([1.0]), ad.log(w, base=2), ad.nn, ad.lab
    ad.grda(loss)  # error: attr-defined
    ad.sinn(w)  # error: attr-defined
    ad.sum(w, axes=0)  # error: call-arg
    ad.sin(w, w)  # error: call-arg
    ad.set_mode(1)  # error: arg-type


class Doubled(ad.SimpleBlock):
    def data_fn(self, x: ad.Variable) -> F:
        return 2.0 * np.asarray(x.data)

    def gradient_fn(self, x: ad.Variable) -> F:
        return np.full_like(x.data, 2.0)


def blocks() -> None:
    made: list[ad.Block] = [ad.elementwise(np.sin, np.cos), ad.constant(np.rint), Doubled()]
    block: ad.Block = ad.linear(np.flip, np.flip)
    block(1.0), made[0](2.0), ad.elementwise(np.sin, np.cos).kind
    ad.elementwise(np.sin, np.cos, symbl="sin")  # error: call-arg
