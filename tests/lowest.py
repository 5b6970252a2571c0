"""The lower bounds of pyproject.toml as pip's constraints: `numpy>=2.0` is printed as `numpy==2.0`.

`make test-lowest` installs them. The peers of the benchmarks are left out: they have no bounds.
"""

import tomllib
from pathlib import Path

PROJECT = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def bounds() -> list[str]:
    """The lowest release of everything that is installed, each once."""
    extras = {name: wanted for name, wanted in PROJECT["optional-dependencies"].items() if name != "bench"}
    wanted = {requirement for group in (PROJECT["dependencies"], *extras.values()) for requirement in group}
    return sorted(requirement.replace(">=", "==") for requirement in wanted)


if __name__ == "__main__":
    print("\n".join(bounds()))
