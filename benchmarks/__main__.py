"""``python -m benchmarks``: measure, print as it goes, and write ``docs/benchmarks.md``."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from benchmarks.measuring import QUICK, Plan, measure
from benchmarks.page import page
from benchmarks.programs import PROGRAMS, ROOT, installed, surroundings
from benchmarks.works import WORKS

PAGE = ROOT / "docs" / "benchmarks.md"


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = [work.name for work in WORKS]
    parser.add_argument("--only", nargs="+", choices=names, metavar="WORK", help=", ".join(names))
    parser.add_argument("--programs", nargs="+", choices=PROGRAMS, default=PROGRAMS)
    parser.add_argument("--quick", action="store_true", help="small works, one repetition")
    parser.add_argument("--output", type=Path, help="page to write; full runs: docs/benchmarks.md")
    parser.add_argument("--repetitions", type=int, help="how often each program is asked")
    chosen = parser.parse_args(arguments)
    plan = QUICK if chosen.quick else Plan()
    if chosen.repetitions:
        plan = replace(plan, repetitions=chosen.repetitions)
    works = [
        work
        for work in WORKS
        if (work.name in chosen.only if chosen.only else not (chosen.quick and work.slow))
    ]
    versions = {
        name: number
        for name, number in installed().items()
        if name in {*chosen.programs, "trustsem"}
    }
    results = []
    for work, outcomes in measure(works, versions, plan):
        results.append((work, outcomes))
        shown = (
            f"{name} {outcome.reason or f'{outcome.seconds:.3g} s'}"
            for name, outcome in outcomes.items()
        )
        print(f"{work.name}: {', '.join(shown)}", flush=True)
    text = page(results, versions, surroundings(), plan)
    whole = not (chosen.only or chosen.quick)
    output = chosen.output or (PAGE if whole else None)
    if output is None:
        print(f"\n{text}")
    else:
        output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
