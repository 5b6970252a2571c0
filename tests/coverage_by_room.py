"""How many statements of each room the tests ran, from what `make coverage` has measured.

It fails where that is less of the whole library than `fail_under` of pyproject.toml asks for.
"""

import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

from coverage import Coverage

SOURCE = Path("src", "dragongrad")


def room(path: str) -> str:
    """The folders that a file lies in, but no deeper than a backend; those of no room are the package's own."""
    folders = Path(path).relative_to(SOURCE).parts[:-1]
    return "/".join(folders[:3]) or "(package)"


def main() -> int:
    """Print the table; 2 where the threshold is not reached, as coverage's own reports."""
    measured = Coverage()
    measured.load()
    with tempfile.TemporaryDirectory() as folder:
        total = measured.json_report(outfile=f"{folder}/coverage.json")
        files = json.loads(Path(folder, "coverage.json").read_text(encoding="utf-8"))["files"]
    statements, missed = Counter[str](), Counter[str]()
    for path, found in files.items():
        statements[room(path)] += found["summary"]["num_statements"]
        missed[room(path)] += found["summary"]["missing_lines"]
    for name in sorted(statements):
        if statements[name]:
            share = 1 - missed[name] / statements[name]
            print(f"{name:32} {statements[name]:6,} statements {missed[name]:5,} missed {share:7.1%}")
    floor = float(measured.get_option("report:fail_under"))
    print(f"{'all':32} {statements.total():6,} statements {missed.total():5,} missed {total:6.1f}%")
    print(f"{'asked for':52} {floor:20g}%")
    return 0 if total >= floor else 2


if __name__ == "__main__":
    sys.exit(main())
