"""Two networks for the demo: handwritten digits, and nodules on simulated films of the chest."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.table import Table

from .. import nn
from ..core.errors import MissingExtraError
from ..nn import images
from ..nn.images import report
from ..nn.images.augment import moved_by
from .outputs import whole
from .screen import show

PAGE = "xray.html"
DIGIT_EPOCHS, PATIENTS, SIZE, FILM_EPOCHS, COMPILE = 40, 400, 48, 30, True


def digits(seed: int = 0, tell: Callable[..., None] = show) -> images.Estimate:
    """Train a small convolutional network on scikit-learn's 8 x 8 digits; the share of others that it reads.

    Raises
    ------
    MissingExtraError
        Scikit-learn is not installed.

    """
    try:
        from sklearn.datasets import load_digits
        from sklearn.model_selection import train_test_split
    except ImportError as error:
        raise MissingExtraError("the digits are shipped by scikit-learn: pip install 'dragongrad[demo]'") from error
    x, y = load_digits(return_X_y=True)
    x = (x.reshape(-1, 8, 8, 1) / 16).astype(np.float32)
    x, x_test, y, y_test = train_test_split(x, y, test_size=0.25, random_state=seed, stratify=y)
    model = nn.Chain(
        conv1=nn.Conv(16), relu1=nn.relu, pool1=nn.max_pool, conv2=nn.Conv(32), relu2=nn.relu, flat=nn.flatten,
        drop=nn.Dropout(0.3), head=nn.Dense(10),
    )  # fmt: skip
    steps = DIGIT_EPOCHS * (len(x) // 32)
    began = time.process_time()
    done = nn.train(
        model, model.init(np.random.default_rng(seed), (8, 8, 1)), (x, y), loss=nn.cross_entropy, batch=32,
        update=nn.adam(lambda n: 4e-3 * (0.51 + 0.49 * np.cos(np.pi * np.minimum(n / steps, 1.0))), average=0.98),
        epochs=DIGIT_EPOCHS, augment=_shaken, seed=seed, progress=False, compile=COMPILE,
    )  # fmt: skip
    seconds = time.process_time() - began
    right = model(done.params, x_test).argmax(axis=1) == y_test
    share = images.wilson(int(right.sum()), len(right))
    tell(
        f"Digits: {share.value:.1%} of {len(right)} held out are read rightly, with an interval of 95 % from "
        f"{share.low:.1%} to {share.high:.1%} ({seconds:.1f} s of processor time, compiling included)"
    )
    return share


def _shaken(rng: np.random.Generator, x: Any) -> Any:
    """Digits turned, zoomed and shifted a little."""
    turn, zoom, right, down = (
        rng.uniform(-most, most, (len(x), 1, 1)).astype(np.float32) for most in (0.15, 0.1, 0.06, 0.06)
    )
    return moved_by(x[..., 0], turn, zoom, right, down)[..., None]


def films(folder: Path, tell: Callable[..., None] = show) -> tuple[Path, dict[str, str]]:
    """Train a detector of nodules on simulated films, and write the report of others: its path and its figures."""
    parts = images.split(images.simulate(PATIENTS, 2, SIZE))
    began = time.process_time()
    detector = images.fit(parts["train"], parts["val"], epochs=FILM_EPOCHS, progress=False, compile=COMPILE)
    html, figures = report.evaluation(detector, parts["test"])
    seconds = time.process_time() - began
    table = Table(box=SIMPLE_HEAD, show_header=False, title_justify="left")
    table.title = "Nodules on simulated films of the chest (for learning, not for clinical use)"
    for row in (*figures, ("processor time", f"{seconds:.0f} s, compiling included")):
        table.add_row(*row)
    tell(table)
    with whole(folder / PAGE) as part:
        part.write_text(html, encoding="utf-8")
    return folder / PAGE, dict(figures)
