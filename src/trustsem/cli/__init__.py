"""The command line: arguments, messages and exit codes; the only place that prints.

Results go to the standard output, messages and progress to the standard error. Exit codes: 0 done,
1 unexpected error, 2 usage or study-file error, 3 data error, 4 estimation failed or inadmissible,
5 a replication differs, 130 interrupted. Poor fit is no error.

Nothing heavy is imported before a command runs, so that ``--help`` answers at once.
"""

from __future__ import annotations

from trustsem.cli.program import main

__all__ = ["main"]
