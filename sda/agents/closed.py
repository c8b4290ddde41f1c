"""What stands on chain of a closed round, opened: from the chain if it is there, else from the relay, checked."""

from __future__ import annotations

from sda.chain.rounds import Rounds
from sda.clerk import check_snapshot
from sda.closed import Closed, Snapshot
from sda.errors import ProofError
from sda.relay.interface import Relay
from sda.round import RoundView


def closed_snapshot(rounds: Rounds, relay: Relay, view: RoundView) -> tuple[Closed, Snapshot]:
    """What a closed round stands for on chain, and its snapshot; of a wide one's the chain has only the hash.

    Raises:
        ProofError: There is none.
        JobRefusedError: The relay's is not the one on chain.
        RelayError: The relay does not have it.
        ChainError: A node shows another one than the contract accepted.
    """
    if view.closed is None:
        raise ProofError(f"round {view.round_id}: has no snapshot")
    if view.parameters.chunks == 1:
        return view.closed, rounds.published_snapshot(view.round_id)
    job = relay.job(view.round_hash, 0)
    check_snapshot(view, view.closed, job)
    return view.closed, job.snapshot
