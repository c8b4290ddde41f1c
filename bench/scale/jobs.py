"""What is measured in a process of its own, for its memory and time alone: `python -m bench.scale.jobs`.

One job a process. The result is a line of JSON on standard output.
"""

from __future__ import annotations

import json
import pickle
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from bench.result import peak_mb
from bench.scale.place import Place, clerk_agent
from sda.clerk import answer
from sda.developer import collect
from sda.engine import open_engine, run
from sda.intake import Intake
from sda.pairs import Pairs, pairs_file
from sda.relay.tree import Subtree, TreeRecord, growths
from sda.round import State


def in_own_process(job: str, *arguments: Any) -> dict[str, Any]:
    """Run a job of this file and give back what it measured.

    Raises:
        RuntimeError: It failed; its own words were printed.
    """
    done = subprocess.run(
        [sys.executable, "-m", "bench.scale.jobs", job],
        input=pickle.dumps(arguments),
        stdout=subprocess.PIPE,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{job}{arguments}: ended with code {done.returncode}")
    return dict(json.loads(done.stdout))


def _measured(act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What a job found, its time without that of starting the process, and the process's memory with it."""
    began, cpu_before = time.perf_counter(), _cpu_seconds()
    found = act()
    return {
        "seconds": time.perf_counter() - began,
        "cpu_seconds": _cpu_seconds() - cpu_before,
        "peak_mb": peak_mb(),
        "peak_child_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e6,
        **found,
    }


def _cpu_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


# ---------------------------------------------------------------------- the developer


def collecting(place: Place, round_id: int, executor: str) -> dict[str, Any]:
    """The developer's collection: every check, tree and sum, from what the relay stored."""
    agent = place.developer(place.contracts(), executor)
    view = agent.rounds.view(round_id)
    agent.relay.open_round(view)
    kept = agent.work_files(round_id)
    with open_engine(executor) as engine:
        collected = collect(view, agent.relay, agent.round_key, engine=engine, kept=kept)
        return {"count": collected.snapshot.count, "dropped": len(collected.dropped), "width": engine.width}


def growing(place: Place, round_id: int, executor: str) -> dict[str, Any]:
    """The tree alone, from contributions that were checked before."""
    agent = place.developer(place.contracts(), executor)
    view = agent.rounds.view(round_id)
    agent.relay.open_round(view)
    enrolled = agent.relay.close_round(view.round_hash)
    intake = Intake(view, agent.relay, agent.round_key, enrolled, agent.relay.count(view.round_hash), frozenset())
    with open_engine(executor) as engine:
        leaves = intake.leaves(engine, agent.work_files(round_id), lambda _: None)
        grown = run(engine, growths(leaves, view.parameters, view.parameters.n))
        tree = TreeRecord((Subtree.decode(data, view.parameters) for _, data in grown), view.parameters)
        return {"depth": tree.depth, "count": tree.root.sums.count}


# ---------------------------------------------------------------------- clerks


def serving(place: Place, number: int) -> dict[str, Any]:
    """A clerk does whatever is due."""
    contracts = place.contracts()
    agent = clerk_agent(place, contracts, number)
    deeds = agent.run_once()
    for deed in deeds:
        print(f"clerk {number}: {deed.action}: {deed.detail}", file=sys.stderr)
    failed = [deed.detail for deed in deeds if deed.failed]
    if failed:
        raise RuntimeError(f"clerk {number}: {failed}")
    return {"deeds": [deed.action for deed in deeds], "bytes_down": agent.relay.bytes_down}  # type: ignore[attr-defined]


def again(place: Place, number: int, round_id: int) -> dict[str, Any]:
    """A clerk's whole job once more, with its cache: every check, sum, opening of the commitment."""
    contracts = place.contracts()
    agent = clerk_agent(place, contracts, number)
    view = contracts.rounds.view(round_id)
    assert view.state in (State.ANSWERING, State.COMPLETED)
    agent.relay.open_round(view)
    seat = next(seat for seat in view.seats if seat.clerk_id == agent.clerk_id)
    secret = agent.keys.key(view.epoch)
    began = time.perf_counter()
    pairs = Pairs.load(pairs_file(agent.keys.directory, view.epoch), secret)
    loaded = time.perf_counter()
    answer(view, seat, agent.relay, secret, pairs)
    answered = time.perf_counter()
    return {
        "load_seconds": loaded - began,
        "answer_seconds": answered - loaded,
        "bytes_down": agent.relay.bytes_down,  # type: ignore[attr-defined]
        "seat": seat.index,
    }


JOBS: dict[str, Callable[..., dict[str, Any]]] = {
    "collecting": collecting,
    "growing": growing,
    "serving": serving,
    "again": again,
}


if __name__ == "__main__":
    job, arguments = JOBS[sys.argv[1]], pickle.load(sys.stdin.buffer)
    print(json.dumps(_measured(lambda: job(*arguments))))
