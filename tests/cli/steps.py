"""A round step by step, each by commands, as far as a test needs it."""

from __future__ import annotations

import json
from typing import Any

from tests.cli.shell import Shell

CLERKS = [f"clerk-{number}" for number in range(1, 9)]
CONTRIBUTORS = ["alice", "bob", "carol", "dave"]
VECTORS = {"alice": [1, 0, 255, 4, 5, 6, 7], "bob": [0, 1, 2, 3, 4, 5, 6], "carol": [9, 9, 9, 9, 9, 9, 255]}
SUMS = [sum(column) for column in zip(*VECTORS.values(), strict=True)]

OPEN = "round open --profile test --minimum 3 --reward 0.01 --no-draw"
"""Seven coordinates of 8 bits; five clerks, of whom four complete it."""

MINIMA = "--min-seats 5 --min-threshold 2 --min-contributors 3"


def collecting(sda: Shell) -> Shell:
    """Round 0 is requested and its committee drawn."""
    sda(OPEN)
    sda.mine(3)
    sda("round draw 0")
    return sda


def contributed(sda: Shell) -> Shell:
    """And three contributors have sent."""
    collecting(sda)
    for name, values in VECTORS.items():
        send(sda, name, json.dumps(values))
    return sda


def send(sda: Shell, name: str, vector: str) -> Any:
    """A contributor sends a vector to round 0."""
    return sda.json(f"contribute 0 --key {name} --vector - {MINIMA}", typed=vector)


def disputing(sda: Shell) -> Shell:
    """And the collection is closed."""
    contributed(sda)
    sda("round snapshot 0")
    return sda


def answering(sda: Shell) -> Shell:
    """And the committee has checked, and owes its rows."""
    disputing(sda)
    run_clerks(sda)
    sda.wait_until(deadlines(sda)["complaint_end"])
    return sda


def answered(sda: Shell) -> Shell:
    """And every row is there."""
    answering(sda)
    run_clerks(sda)
    return sda


def settled(sda: Shell) -> Shell:
    """And the round is settled: rewards can be claimed."""
    answered(sda)
    sda("round finalise 0")
    return sda


def run_clerks(sda: Shell) -> list[dict[str, Any]]:
    """Every clerk does what is due; what that was."""
    return [deed for name in CLERKS for deed in sda.json(f"clerk run --key {name}")["deeds"]]


def deadlines(sda: Shell) -> dict[str, int]:
    """Of round 0."""
    found: dict[str, int] = sda.json("round status 0")["deadlines"]
    return found


def seated(sda: Shell) -> list[str]:
    """The clerks of round 0 by name, in seat order. They registered in order, so ids are numbers."""
    return [f"clerk-{seat['clerk_id']}" for seat in sda.json("round status 0")["seats"]]
