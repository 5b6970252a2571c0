"""A kernel that slides over a small image: every window, its sum, and the gradients that flow back."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...blocks.convolution import conv
from ...core.errors import ArgumentError
from ...optimize.objective import Array
from ...transforms.jacobians import jacobian
from .asked import Asked

KNOWN = ("image", "kernel", "stride", "padding")
# A digit a pixel, 0 black to 9 white, row by row.
IMAGES = {
    "ring": "000000000001676100017000710060000060070000070060000060017000710001676100000000000",
    "cross": "000999000000999000000999000999999999999999999999999999000999000000999000000999000",
    "edge": "000099999" * 9,
    "ramp": "012345678" * 9,
    "letter": "000000000009999900009000090009000090009999900009009000009000900009000090000000000",
}
KERNELS = {
    "edges": "-1,-1,-1,-1,8,-1,-1,-1,-1", "upright edges": "1,0,-1,2,0,-2,1,0,-1",
    "level edges": "1,2,1,0,0,0,-1,-2,-1", "sharper": "0,-1,0,-1,5,-1,0,-1,0",
    "softer": "0.0625,0.125,0.0625,0.125,0.25,0.125,0.0625,0.125,0.0625", "identity": "0,0,0,0,1,0,0,0,0",
}  # fmt: skip
_SIDES = range(3, 13)


def read_image(text: str) -> Array:
    """An image by its name or by its digits, of shape (n, n), from 0 to 1.

    Raises
    ------
    ArgumentError
        The text is neither a name nor the digits of a square.

    """
    digits = IMAGES.get(text, text)
    side = next((n for n in _SIDES if n * n == len(digits)), None)
    if side is None or not (digits.isascii() and digits.isdigit()):
        raise ArgumentError(
            f"an image is one of {', '.join(IMAGES)}, or the digits 0 to 9 of a square of {_SIDES[0]} to "
            f"{_SIDES[-1]} pixels a side"
        )
    return np.array([int(d) for d in digits], float).reshape(side, side) / 9


def read_convolution(asked: Asked) -> tuple[Array, Array, int, int]:
    """Image, kernel, stride and padding."""
    return (
        read_image(asked.text("image", "ring")), asked.numbers("kernel", KERNELS["edges"], 9).reshape(3, 3),
        asked.whole("stride", 1, 1, 3), asked.whole("padding", 0, 0, 2),
    )  # fmt: skip


def convolution(asked: Asked) -> dict[str, Any]:
    """The sums at all positions, and the derivatives of each with respect to kernel and image."""
    image, kernel, stride, padding = read_convolution(asked)

    def slide(image: Any, kernel: Any) -> Any:
        return conv(image[None, :, :, None], kernel[:, :, None, None], stride=stride, padding=padding)[0, :, :, 0]

    sums = slide(image, kernel)
    to_image, to_kernel = jacobian(slide, argnums=(0, 1))(image, kernel)
    return {
        "image": np.round(9 * image).astype(int).tolist(), "kernel": kernel.tolist(), "stride": stride,
        "padding": padding, "sums": _short(sums), "images": list(IMAGES), "kernels": KERNELS,
        "to_image": _short(to_image.reshape(sums.size, -1)), "to_kernel": _short(to_kernel.reshape(sums.size, -1)),
    }  # fmt: skip


def _short(values: Array) -> Any:
    """Numbers with the digits that are shown; no negative zeros."""
    return (np.round(np.asarray(values, float), 6) + 0.0).tolist()
