"""Draw docs/explorer.svg, the picture on top of the README: the three views of a small function at one step.

python tools/explorer_picture.py
"""

from pathlib import Path

import numpy as np

import dragongrad as ad

PICTURE = Path(__file__).parent.parent / "docs" / "explorer.svg"


def drawn() -> str:
    """The picture: reverse mode, at the step in which the product passes its adjoint on."""

    def f(x, y):
        a = np.sin(x)
        return a * y + x

    page = ad.explore(f, 0.5, 2.0)
    # Where the function stands in this file does not matter to who reads the picture.
    page.data["sources"][0]["first"] = 1
    return page.picture("v2").svg()


if __name__ == "__main__":
    PICTURE.write_text(drawn(), encoding="utf-8")
