"""Dishonest acts in wide rounds: in one chunk of columns, or with rows of which the chain has a root."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sda.agents.seat import SeatDesk
from sda.crypto.field import Q, row_to_bytes
from sda.crypto.hashes import keccak
from sda.messages import ServedRow
from sda.posted import row_root
from tests.adversary.forger import Forge, Forger, other_correction, other_point, other_sums
from tests.adversary.scenario import Scenario, answering, lie_and_close, refused
from tests.adversary.test_withheld import mute
from tests.chain.stage import make_wide_terms
from tests.rounds.cast import Cast

_P = make_wide_terms().parameters


def _point(chunk: int, seat: int) -> int:
    """Where a seat's commitment to a chunk is among those of a contribution."""
    return chunk * _P.reconstruction + seat


def _contributor(*changes: object) -> Callable[[Cast, int], None]:
    return lambda cast, round_id: lie_and_close(cast, round_id, *changes)


def _forged(level: int, index: int, forge: Forge) -> Callable[[Cast, int], None]:
    return lambda cast, round_id: Forger(cast, round_id).close({(level, index): forge})


def _withheld(cast: Cast, round_id: int) -> None:
    lie_and_close(cast, round_id, other_point(_point(2, 1)))
    mute(cast)


def _first_desk(cast: Cast, round_id: int) -> SeatDesk:
    return cast.committee(round_id)[0].desk(cast.rounds.view(round_id))


def _post(desk: SeatDesk, root: bytes) -> None:
    assert desk.view.closed is not None
    desk.rounds.checks.post_row(desk.account, desk.view.round_id, desk.seat.index, desk.view.closed.set_hash, root)


def _serve(desk: SeatDesk, row: list[int]) -> None:
    view, data = desk.view, row_to_bytes(row)
    desk.relay.serve_row(ServedRow.create(view.domain, desk.account, view.round_hash, desk.seat.index, data).encode())


def _wrong_row(*, served: bool) -> Callable[[Cast, int], None]:
    def play(cast: Cast, round_id: int) -> None:
        answering(cast, round_id)
        desk = _first_desk(cast, round_id)
        row = list(desk.compute().row)
        row[-1] = (row[-1] + 1) % Q
        _post(desk, row_root(row, _P))
        if served:
            _serve(desk, row)
        cast.silent = {desk.seat.clerk_id}

    return play


def _nothing_behind_a_root(cast: Cast, round_id: int) -> None:
    answering(cast, round_id)
    desk = _first_desk(cast, round_id)
    _post(desk, keccak(b"no row"))
    cast.silent = {desk.seat.clerk_id}


def _copied_root(cast: Cast, round_id: int) -> None:
    answering(cast, round_id)
    desk, other = (agent.desk(cast.rounds.view(round_id)) for agent in cast.committee(round_id)[:2])
    row = other.compute().row
    _post(desk, row_root(row, _P))
    _serve(desk, row)
    cast.silent = {desk.seat.clerk_id}


def _row_to_the_narrow_door(cast: Cast, round_id: int) -> None:
    answering(cast, round_id)
    desk = _first_desk(cast, round_id)
    found = desk.compute()
    refused(lambda: cast.rounds.submit_row(desk.account, round_id, 0, found.closed_set, found.row[: _P.chunk_length]))


def _posted_too_late(cast: Cast, round_id: int) -> None:
    answering(cast, round_id)
    desk = _first_desk(cast, round_id)
    cast.silent = {desk.seat.clerk_id}
    cast.run_all()
    cast.node.increase_time(desk.view.terms.row_window)
    refused(lambda: _post(desk, row_root(desk.compute().row, _P)))


def _idle_doubts(cast: Cast, round_id: int) -> None:
    """Another clerk doubts what it can of a right row: the bonds pay the openings."""
    answering(cast, round_id)
    cast.run_all()
    doubter, checks = cast.committee(round_id)[1].account, cast.rounds.checks
    for chunk in range(4):
        permit = cast.contracts.token.permit(doubter, checks.address, checks.bond())
        checks.doubt(doubter, round_id, 0, chunk, permit)
    permit = cast.contracts.token.permit(doubter, checks.address, checks.bond())
    refused(lambda: checks.doubt(doubter, round_id, 0, 4, permit))


_wide = partial(Scenario, wide=True)

WIDE = (
    _wide("contributor", "commits to another share in one chunk", _contributor(other_point(_point(2, 1)))),
    _wide(
        "contributor",
        "sends a late seat another correction in one chunk",
        _contributor(other_correction(0, 14)),
    ),
    _wide(
        "contributors",
        "lie in different chunks",
        _contributor(other_point(_point(0, 0)), other_point(_point(4, 0))),
    ),
    _wide(
        "developer",
        "commits to a node that is no sum in one chunk",
        _forged(2, 2, other_sums(other_point(_point(3, 1)))),
    ),
    _wide(
        "developer",
        "commits to a wrong sum of corrections in one chunk",
        _forged(3, 0, other_sums(other_correction(0, 9))),
    ),
    _wide("relay", "withholds the tree, and the developer stays silent", _withheld),
    _wide("clerk", "posts and serves a row with one wrong element", _wrong_row(served=True), seats=(0,)),
    _wide("clerk", "posts such a row and serves nothing", _wrong_row(served=False), seats=(0,)),
    _wide("clerk", "posts a root of nothing", _nothing_behind_a_root, seats=(0,)),
    _wide("clerk", "posts and serves another seat's row", _copied_root, seats=(0,)),
    _wide("clerk", "sends a chunk where narrow rows go", _row_to_the_narrow_door, seats=(0,)),
    _wide("clerk", "posts its row too late", _posted_too_late, seats=(0,)),
    _wide("clerk", "doubts a right row as often as it can", _idle_doubts, seats=(1,)),
)
