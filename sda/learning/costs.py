"""What a training round cost: gas by step, tokens, bytes; read from the chain, so a crash loses none of it."""

from __future__ import annotations

from sda.chain.contracts import Contracts
from sda.messages.contribution import contribution_size
from sda.params import Parameters

STEPS = {  # rows are accepted in narrow rounds, and posted in wide ones
    "Requested": "request",
    "Drawn": "draw",
    "SnapshotTaken": "snapshot",
    "RowAccepted": "rows",
    "RowPosted": "rows",
    "RowRejected": "wrong rows",
    "Doubted": "doubts",
    "ChunkOpened": "openings",
    "Closed": "settle",
}


def gas_by_step(contracts: Contracts, round_id: int) -> dict[str, int]:
    """Gas of everybody's transactions for a round, claims not among them: they come at any time."""
    used: dict[str, int] = {}
    for name, step in STEPS.items():
        transactions = {event.transaction for event in contracts.rounds.events(name, round_id)}
        if transactions:
            used[step] = sum(contracts.chain.wait(each).gas_used for each in sorted(transactions))
    return used


def tokens_paid(contracts: Contracts, round_id: int) -> int:
    """Token units that a settled round cost its developer, the contributors' rewards included."""
    quote = contracts.rounds.quote(contracts.rounds.terms(round_id))
    returned = sum(int(event["refund"]) for event in contracts.rounds.events("Closed", round_id))
    return quote.total - returned


def message_bytes(parameters: Parameters) -> int:
    """What one contributor sends."""
    return contribution_size(parameters)
