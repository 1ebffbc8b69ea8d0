"""Write the published data sets from the semopy distribution: ``python data/extract_published.py``.

semopy (MIT licence) carries both as CSV files in its examples; numbers are copied as printed
there, without the unnamed column of row numbers.
"""

from __future__ import annotations

import csv
import importlib.util
import sys
from pathlib import Path

FILES = {
    "bollen1989.csv": "pd_data.csv",
    "holzinger1939.csv": "holzinger_swineford39_data.csv",
}


def extract(original: Path, path: Path) -> int:
    """Copy all columns but the first, cell by cell as text; return the number of cases."""
    with original.open(newline="", encoding="utf-8") as source:
        rows = [row[1:] for row in csv.reader(source)]
    with path.open("w", newline="", encoding="utf-8") as target:
        csv.writer(target, lineterminator="\n").writerows(rows)
    return len(rows) - 1


def main(folder: Path) -> None:
    """Write both files."""
    package = importlib.util.find_spec("semopy")
    if package is None or package.origin is None:
        sys.exit("semopy is not installed.")
    examples = Path(package.origin).parent / "examples"
    for name, original in FILES.items():
        print(f"Wrote {name}: {extract(examples / original, folder / name)} cases.")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent)
