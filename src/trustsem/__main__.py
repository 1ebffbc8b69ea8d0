"""Run the command line as ``python -m trustsem``."""

from __future__ import annotations

from trustsem.cli import main

if __name__ == "__main__":
    main()
