"""A seat's row in a wide round: its root is posted, its data served, and what somebody doubts is opened."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from sda.agents.deeds import Deed, attempt
from sda.agents.seat import SeatDesk
from sda.answers import NotWrittenError
from sda.chain.settings import in_tokens
from sda.closed import Closed, Snapshot
from sda.crypto.field import row_to_bytes
from sda.crypto.sumtree import Sums
from sda.errors import ProofError, RelayError, UnreachableError
from sda.messages import ServedRow
from sda.posted import open_chunk, row_root


def settle_wide(desk: SeatDesk) -> Iterator[Deed]:
    """After complaints: get what was excluded and keep it, or say that it cannot be had; then settle."""
    view, now = desk.view, desk.contracts.chain.now()
    due = view.complaint_end + view.terms.complaint_window // 2
    owes = not desk.rounds.round(view.round_id).resolved >> desk.seat.index & 1
    if owes and not desk.is_foreseen_kept():
        patience = view.terms.complaint_window // 6
        yield attempt("rest checked", view.round_id, partial(_compute_or_declare, desk, last=now >= due - patience))
    if now >= due:
        yield attempt("exclusions settled", view.round_id, desk.settle)
    else:
        yield Deed("settling awaited", view.round_id, f"until {due}")


def _compute_or_declare(desk: SeatDesk, *, last: bool) -> str:
    """What is withheld may come in time; a seat that cannot open its row later is slashed."""
    try:
        desk.compute(desk.foreseen())
    except UnreachableError:
        raise
    except Exception as error:  # whatever relay and developer think up, an honest seat must not look like a silent one
        if not last:
            raise
        desk.rounds.declare_no_data(desk.account, desk.view.round_id, desk.seat.index)
        return f"seat {desk.seat.index} declared no data: {error}"
    return f"seat {desk.seat.index}: its sum opens the commitment without what was excluded"


def post_and_open(desk: SeatDesk) -> Iterator[Deed]:
    """Do what is due for a seat of a wide round that awaits rows."""
    view, checks = desk.view, desk.rounds.checks
    round_id, posted_until = view.round_id, view.row_end - 2 * view.terms.row_window
    if checks.root_of(round_id, desk.seat.index) is None and desk.contracts.chain.now() < posted_until:
        yield attempt("row posted", round_id, partial(_post, desk))
    if checks.root_of(round_id, desk.seat.index) is not None:
        if _is_unserved(desk):
            yield attempt("row served", round_id, partial(_serve, desk))
        for doubt in checks.doubts(round_id):
            if doubt.seat == desk.seat.index and not doubt.settled:
                yield attempt("chunk opened", round_id, partial(_open, desk, doubt.chunk))


def _post(desk: SeatDesk) -> str:
    """Post the root of the row, which is written down first: a seat answers one set and never a second."""
    view, seat = desk.view, desk.seat.index
    found = desk.compute()
    if view.closed is None or _kept(desk, view.closed) is None:
        raise NotWrittenError(f"seat {seat}: with what chunks are opened is not written down, so nothing is posted")
    set_hash = found.closed_set.hash(view.round_hash)
    desk.book.record(view.round_hash, seat, set_hash, found.row)
    desk.rounds.checks.post_row(desk.account, view.round_id, seat, set_hash, row_root(found.row, view.parameters))
    fee = view.terms.row_fee(found.closed_set.count)
    return f"seat {seat}: earns {in_tokens(fee)} tokens when the round is settled, if nobody shows it wrong"


def _is_unserved(desk: SeatDesk) -> bool:
    try:
        return desk.relay.row(desk.view.round_hash, desk.seat.index) != _answer(desk)
    except RelayError:
        return True


def _serve(desk: SeatDesk) -> str:
    """Hand the row to the relay: without it the developer would doubt it."""
    view, seat = desk.view, desk.seat.index
    desk.relay.open_round(view)
    message = ServedRow.create(view.domain, desk.account, view.round_hash, seat, _answer(desk))
    desk.relay.serve_row(message.encode())
    return f"seat {seat}: {len(message.data):,} bytes"


def _answer(desk: SeatDesk) -> bytes:
    """The row that was posted."""
    found = desk.book.find(desk.view.round_hash, desk.seat.index)
    return b"" if found is None else row_to_bytes(found[1])


def _open(desk: SeatDesk, chunk: int) -> str:
    view, seat = desk.view, desk.seat.index
    if view.closed is None:
        raise ProofError(f"round {view.round_id}: has no snapshot")
    answered, kept = desk.book.find(view.round_hash, seat), _kept(desk, view.closed)
    if answered is None or kept is None:
        raise ProofError(f"seat {seat}: what was posted is not written down here")
    opening = open_chunk(view.parameters, view.closed, *kept, answered[1], seat, chunk)
    desk.rounds.checks.open_chunk(desk.account, view.round_id, seat, opening)
    return f"seat {seat}: chunk {chunk}"


def _kept(desk: SeatDesk, closed: Closed) -> tuple[Snapshot, list[Sums]] | None:
    return desk.book.opening(desk.view.round_hash, desk.seat.index, closed.set_hash, desk.view.parameters)
