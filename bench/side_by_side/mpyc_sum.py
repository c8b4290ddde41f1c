"""MPyC: its parties as clerks, each a process of its own; contributors hand every party a Shamir share.

Contributors are no parties of MPyC: they share with `mpyc.thresha`. What a party does is in `mpyc_party.py`.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from bench.side_by_side.report import Load, Meter, Report, System, Vectors

PRIME = 2**31 - 1
TIMEOUT = 600
ROOT = Path(__file__).parents[2]


def run(vectors: Vectors, n: int, t: int) -> Report:
    """One sum, opened to all n parties."""
    # MPyC is no part of the usual set-up.
    import numpy as np
    from mpyc.finfields import GF
    from mpyc.thresha import np_random_split

    field, meter = GF(PRIME), Meter()
    inboxes = [bytearray() for _ in range(n)]
    for vector in vectors:
        with meter.working("contributor"):
            shares = np_random_split(field, np.array(vector, dtype=object), t, n)
            messages = [field.to_bytes(share) for share in shares.tolist()]
        meter.sent("contributor", sum(map(len, messages)))
        for inbox, message in zip(inboxes, messages, strict=True):
            inbox += message
    with tempfile.TemporaryDirectory() as directory:
        reports = _run_parties(Path(directory), inboxes, t, len(vectors[0]))
    if len({str(report["sums"]) for report in reports}) != 1:
        raise RuntimeError("MPyC's parties do not agree on the sum")
    # What one party sends, another receives.
    sent = sum(report["sent"] for report in reports) / n
    cpu = 1000 * sum(report["seconds"] for report in reports) / n
    clerk = Load(sent, len(inboxes[0]) + sent, cpu)
    return Report(reports[0]["sums"], {**meter.loads(contributor=len(vectors)), "clerk": clerk}, {})


def _run_parties(directory: Path, inboxes: Sequence[bytes], t: int, length: int) -> list[dict[str, object]]:
    """Start them all, and read what each of them wrote."""
    n = len(inboxes)
    common = ["-M", str(n), "-T", str(t), "-B", str(_free_ports(n)), "--no-prss", "--no-log"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    processes = []
    for seat, inbox in enumerate(inboxes):
        file = directory / str(seat)
        file.write_bytes(inbox)
        command = [sys.executable, "-m", "bench.side_by_side.mpyc_party", *common, "-I", str(seat)]
        processes.append(
            subprocess.Popen([*command, str(file), str(length)], stdout=subprocess.PIPE, env=environment, text=True)
        )
    try:
        outputs = [process.communicate(timeout=TIMEOUT)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
    return [json.loads(output) for output in outputs]


def _free_ports(count: int) -> int:
    """The first of some neighbouring ports that nobody listens on."""
    for first in range(20_000, 60_000, count):
        probes = [socket.socket() for _ in range(count)]
        try:
            for i, probe in enumerate(probes):
                probe.bind(("localhost", first + i))
        except OSError:
            continue
        finally:
            for probe in probes:
                probe.close()
        return first
    raise OSError(f"no {count} neighbouring ports are free")


def _system(n: int, t: int) -> System:
    return System(
        slug=f"mpyc_{n}",
        title="MPyC",
        setting=f"m = {n} parties, t = {t}, 31-bit prime, no PRSS: our committee",
        run=partial(run, n=n, t=t),
        round_trips=f"contributor: {n} messages, one to each party; clerk: one to open, all online at once",
        silent="any contributors; no clerk: the parties wait for each other",
        lying="nobody: a wrong share spoils the sum unnoticed",
        learns=f"every clerk: the sum (MPyC's default; it can be fewer); more: any {t + 1} clerks",
        not_counted="A contributor's private channel to each party, which is not MPyC's. Parties are processes on one "
        "machine, without TLS; interpreter start and connecting are not in their time.",
        needs=("mpyc",),
    )


SYSTEMS = (_system(26, 8),)
