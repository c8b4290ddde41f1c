"""`python -m bench.scale 1000 10000`: whole rounds of that many contributors; see docs/scale.md.

A run that was interrupted goes on where it was; one that is finished is only reported again.
"""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path

from bench import readme, result
from bench.scale import report
from bench.scale.relays import HOUSES
from bench.scale.round import Plan, Round
from sda.params import EVENTS_250K


def main() -> None:
    """Run, and write results, table and figure."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.scale", description=__doc__, epilog="example: python -m bench.scale 1000 10000"
    )
    parser.add_argument("contributors", nargs="+", type=int, help=f"from 100 to {EVENTS_250K.maximum:,}")
    parser.add_argument("--clerks", type=int, default=1000, help="that stake (default 1,000)")
    parser.add_argument("--home", type=Path, default=Path(".build/scale"), help="default .build/scale")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="default: one for each core")
    parser.add_argument("--executor", default="processes", help="the developer's, as in `sda round snapshot`")
    parser.add_argument("--relay", choices=list(HOUSES), default="local", help="default local, a SQLite file")
    parser.add_argument("--fresh", action="store_true", help="throw away what earlier runs of these sizes did")
    parser.add_argument("--no-report", action="store_true", help="leave results.json and docs as they are")
    options = parser.parse_args()
    for contributors in options.contributors:
        if not 100 <= contributors <= EVENTS_250K.maximum:
            parser.error(f"contributors = {contributors}: must be in [100, {EVENTS_250K.maximum}]")
    for contributors in options.contributors:
        plan = Plan(
            contributors=contributors,
            clerks=options.clerks,
            home=options.home.absolute(),
            processes=options.processes,
            executor=options.executor,
            relay=options.relay,
        )
        if options.fresh:
            shutil.rmtree(plan.directory, ignore_errors=True)
        found = report.results(contributors, Round(plan).run())
        for each in found:
            result.show(each)
        if not options.no_report:
            entries = result.merge(found)
            readme.write(entries)
            report.write(entries)


if __name__ == "__main__":
    main()
