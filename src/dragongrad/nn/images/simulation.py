"""Simulated radiographs: a simple chest of ellipsoids and tubes, its shadow by the law of Beer and Lambert.

Lengths are centimetres, the beam is parallel, and the numbers of photons are drawn from Poisson distributions. It
shows how films come about and lets everything run without data. It is no model of any patient or illness.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.errors import ArgumentError
from .films import Films, Pixels

# Attenuation in 1/cm near 60 keV, rounded (NIST's tables of X-ray mass attenuation coefficients).
_SOFT, _LUNG, _BONE = 0.20, 0.06, 0.48
# Of a nodule, which is partly calcified.
_NODULE = 0.35
# Half the side of a film, and how many photons reach a pixel of it without a patient.
_HALF, _PHOTONS = 17.0, 2e5


def simulate(
    patients: int = 100, films: int = 2, size: int = 64, nodules: float = 0.5, rng: np.random.Generator | int = 0
) -> Films:
    """Radiographs of simulated patients, some with dense nodules in the lungs, large enough for small films.

    Parameters
    ----------
    patients : int
        How many.
    films : int
        How many of each: the same anatomy, and the same nodules, in another position and exposure.
    size : int
        Height and width.
    nodules : float
        The share of the patients who have nodules, 1 to 3 of them.
    rng : numpy.random.Generator or int
        What draws, or its seed.

    Returns
    -------
    Films
        Classes "normal" and "nodule", with patients.

    Raises
    ------
    ArgumentError
        There is nothing to make.

    Examples
    --------
    >>> from dragongrad.nn import images
    >>> images.simulate(patients=10, size=32)
    <Films: 20 of 32 x 32 from simulated; normal 10; nodule 10; 10 patients>

    """
    if patients < 1 or films < 1 or size < 8 or not 0 <= nodules <= 1:
        raise ArgumentError(
            f"got {patients} patients with {films} films of {size} x {size}, nodules in {nodules:g} of them: there "
            "is at least 1 patient with 1 film of 8 x 8, and a share is in [0, 1]"
        )
    rng = np.random.default_rng(rng)
    ill = rng.permutation(patients) < round(nodules * patients)
    made, names, labels = [], [], []
    for patient in range(patients):
        chest = _chest(rng, bool(ill[patient]))
        for film in range(films):
            made.append(_film(chest, size, rng))
            names.append(f"person{patient + 1}_{film + 1}.png")
            labels.append(int(ill[patient]))
    return Films(
        np.stack(made)[..., None], np.array(labels, np.int64), ("normal", "nodule"), tuple(names),
        np.array([name.partition("_")[0] for name in names]), None,
        Pixels("simulated", (size, size), {"simulated": len(names)}),
    )  # fmt: skip


def _chest(rng: np.random.Generator, ill: bool) -> dict[str, Any]:
    """The anatomy of one patient."""
    scale = rng.uniform(0.9, 1.08)
    chest = {
        "body": scale * np.array([15.5, 10.0]) * rng.uniform(0.95, 1.05, 2),
        "lung": scale * np.array([5.3, 11.0, 7.5]) * rng.uniform(0.93, 1.07, 3),
        "apart": scale * rng.uniform(6.1, 6.7), "heart": scale * np.array([4.6, 5.2, 4.0]) * rng.uniform(0.9, 1.1),
        "ribs": rng.uniform(2.0, 2.4), "slope": rng.uniform(0.25, 0.5), "rib": rng.uniform(0.32, 0.45),
        "bone": rng.uniform(0.85, 1.15), "vessels": rng.normal(size=(2, 12, 3)), "nodules": [],
    }  # fmt: skip
    for _ in range(rng.integers(1, 4) if ill else 0):
        # Within the lung's outline, away from its edge and from the heart's middle.
        radius, angle = np.sqrt(rng.uniform(0.0, 0.5)), rng.uniform(0, 2 * np.pi)
        side = rng.choice([-1, 1])
        a, b, _ = chest["lung"]
        x = side * (chest["apart"] + 0.35 * a) if side > 0 and np.sin(angle) > 0 else side * chest["apart"]
        place = (x + 0.5 * a * radius * np.cos(angle), b * radius * np.sin(angle), rng.uniform(1.5, 2.8))
        chest["nodules"].append(place)
    return chest


def _film(chest: dict[str, Any], size: int, rng: np.random.Generator) -> Any:
    """One exposure: position, depths, photons, and the logarithm that a detector shows."""
    axis = (np.arange(size) + 0.5) / size * 2 * _HALF - _HALF
    turn, zoom = rng.normal(0, 0.03), rng.uniform(0.95, 1.05)
    right, down = np.meshgrid(axis * zoom + rng.normal(0, 0.6), axis * zoom + rng.normal(0, 0.6))
    x, y = np.cos(turn) * right + np.sin(turn) * down, np.cos(turn) * down - np.sin(turn) * right
    depth = _depth(chest, x, y, breath=rng.uniform(0.93, 1.05))
    photons = rng.poisson(_PHOTONS * rng.uniform(0.5, 1.5) * np.exp(-depth))
    shown = -np.log(np.maximum(photons, 1) / _PHOTONS)
    return np.clip((shown - 0.2) / 5.6, 0, 1).astype(np.float32)


def _depth(chest: dict[str, Any], x: Any, y: Any, breath: float) -> Any:
    """The integral of the attenuation along the beam at each place."""
    a, b = chest["body"]
    # Shoulders: the body narrows above.
    narrow = np.where(y < -11, 1 - 0.06 * (-11 - y), 1.0)
    depth = _SOFT * 2 * b * np.sqrt(np.maximum(0, 1 - (x / (a * narrow)) ** 2))
    lungs = sum(_lung(chest, x, y, side, breath) for side in (-1, 1))
    depth += (_LUNG - _SOFT) * lungs
    inside = lungs > 0
    heart = _ellipsoid(x - 2.2, y - 4.5, 0.35, chest["heart"])
    depth += (_SOFT - _LUNG) * np.minimum(0.75 * heart, lungs)
    for side, vessels in zip((-1, 1), chest["vessels"], strict=True):
        for one, two, three in vessels:
            thick = 0.18 + 0.06 * abs(two)
            band = _tube(y - (0.5 + 0.9 * one + three * 0.25 * (side * x - 3)), thick, 0.25 * three)
            fading = np.clip(1 - (side * x - 3) / 6, 0, 1)
            depth += np.where(inside & (side * x > 2.5), (_SOFT - _LUNG) * 0.7 * band * fading, 0)
    for across, along, radius in chest["nodules"]:
        depth += (_NODULE - _LUNG) * _ellipsoid(x - across, y - along * breath, 0, (radius, radius, radius))
    return depth + chest["bone"] * (_BONE - _SOFT) * _bones(chest, x, y)


def _lung(chest: dict[str, Any], x: Any, y: Any, side: int, breath: float) -> Any:
    """The way through a lung: an ellipsoid above the dome of the diaphragm."""
    a, b, c = chest["lung"]
    floor = (7.5 if side > 0 else 6.7) * breath
    dome = floor + 0.09 * (x - side * chest["apart"]) ** 2
    chord = _ellipsoid(x - side * chest["apart"], y, -0.12 * side, (a, b * breath, c))
    return chord * np.clip((dome - y) / 0.8, 0, 1)


def _bones(chest: dict[str, Any], x: Any, y: Any) -> Any:
    """The way through spine, ribs in the back and in front, and collar bones."""
    far = np.abs(x)
    spine = 2.2 * np.sqrt(np.maximum(0, 1 - (x / 1.7) ** 2)) * (0.8 + 0.2 * np.cos(2 * np.pi * y / 2.7))
    bones = spine
    inside = np.clip((0.9 * chest["body"][0] - far) / 0.8, 0, 1)
    for k in range(9):
        top = -11.5 + chest["ribs"] * k
        slope = chest["slope"] - 0.06 * far
        bones = bones + _tube(y - top - chest["slope"] * far + 0.03 * far**2, chest["rib"], slope) * inside * (
            far > 1.5
        )
        front = np.clip((far - 3.5) / 1.5, 0, 1) * inside
        bones = bones + 0.6 * _tube(y - top - 5.5 + 0.45 * far, chest["rib"], 0.45) * front * (k < 7)
    collar = np.clip((far - 1.2) / 0.8, 0, 1) * np.clip((12 - far) / 1.5, 0, 1)
    return bones + 1.2 * _tube(y + 10.3 + 0.22 * far, 0.55, 0.22) * collar


def _ellipsoid(x: Any, y: Any, turn: float, radii: Any) -> Any:
    """The way through an ellipsoid, turned in the plane of the film."""
    a, b, c = radii
    u, v = np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * x
    return 2 * c * np.sqrt(np.maximum(0, 1 - (u / a) ** 2 - (v / b) ** 2))


def _tube(height: Any, radius: float, slope: Any) -> Any:
    """The way through a tube that runs in the plane of the film, for places so far above its axis."""
    return 2 * np.sqrt(np.maximum(0, radius**2 - height**2 / (1 + slope**2)))
