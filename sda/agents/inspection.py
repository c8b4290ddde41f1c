"""While complaints last: a seat checks its job, shows every lie that concerns it, and keeps its row.

Complaints are staggered: one bad leaf is, as a rule, bad for all seats, and each complaint reveals the point
that its clerk shares with the contributor. The seats take turns in the first half of the window, another one
first for each leaf; whoever sees the leaf excluded has nothing to reveal any more (PROTOCOL §7).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from sda.agents.deeds import Deed, attempt
from sda.agents.seat import SeatDesk
from sda.chain.token import NO_PERMIT
from sda.clerk import SumMismatchError
from sda.errors import UnreachableError
from sda.findings import BadShare, Finding, Withheld
from sda.round import RoundView, State, Terms


def turn(terms: Terms, snapshot_at: int, seat: int, index: int) -> int:
    """When a seat may complain about a leaf, unix seconds: within the first half of the complaint window.

    Args:
        terms: Of the round.
        snapshot_at: When the snapshot was taken, unix seconds.
        seat: The seat.
        index: Of the leaf.
    """
    rank = (seat - index) % terms.n
    return snapshot_at + rank * terms.complaint_window // (2 * terms.n)


class Inspection:
    """One seat's part in the complaint window; kept between passes, so that waiting costs nothing.

    Attributes:
        waits_until: Its turn has not come before this, unix seconds; 0 if it waits for nothing.
    """

    def __init__(self) -> None:
        self.waits_until = 0
        self._seen = 0

    def look(self, desk: SeatDesk) -> Iterator[Deed]:
        """Do what is due now.

        Args:
            desk: Of the seat, with the round as it is now.
        """
        round_id = desk.view.round_id
        mine = [each for each in desk.disputes.challenges(round_id) if each.seat == desk.seat.index and each.deadline]
        for challenge in mine:
            if desk.contracts.chain.now() < challenge.deadline:
                yield Deed("answer awaited", round_id, f"until {challenge.deadline}")
            else:
                yield attempt("silence shown", round_id, partial(_show_silence, desk, challenge.id))
        if not mine:
            yield from self._inspect(desk)

    def _inspect(self, desk: SeatDesk) -> Iterator[Deed]:
        view = desk.view
        excluded = desk.disputes.exclusions(view.round_id)
        if self._seen == len(excluded) and desk.contracts.chain.now() < self.waits_until:
            yield self._waiting(desk)
            return
        self.waits_until, self._seen = 0, len(excluded)
        if not excluded:
            yield attempt("job checked", view.round_id, lambda: self._check(desk, rest=False))
            excluded = desk.disputes.exclusions(view.round_id)
        if excluded and desk.rounds.state(view.round_id) is State.DISPUTING:
            try:
                yield from self._show_the_others(desk, {each.index for each in excluded})
            except UnreachableError:
                raise
            except Exception as error:
                # Whatever the developer posted: what is left must be checked, or declared, all the same.
                yield Deed("lies looked for", view.round_id, f"{type(error).__name__}: {error}", failed=True)
            if not self.waits_until:
                yield attempt("rest checked", view.round_id, lambda: self._check(desk, rest=True))

    def _show_the_others(self, desk: SeatDesk, excluded: set[int]) -> Iterator[Deed]:
        """After a first exclusion look at every leaf: lies that cancelled each other do no more (PROTOCOL §11.6)."""
        for finding in desk.walk().every_bad_leaf():
            if isinstance(finding, BadShare) and finding.place.index in excluded:
                continue
            yield attempt("lie shown", desk.view.round_id, partial(self._show, desk, finding))
            if not isinstance(finding, BadShare):
                return  # the round is over, or an answer has to be awaited

    def _check(self, desk: SeatDesk, *, rest: bool) -> str:
        """Compute the row and keep it; show who lied; or say in time that it could not be had.

        A seat that is silent later is slashed, whoever withheld its files.
        """
        view = desk.view
        try:
            return self._compute_or_show(desk, desk.foreseen() if rest else view)
        except UnreachableError:
            raise
        except Exception as error:
            # Withheld, not what stands on the chain, without the tokens for a bond, or whatever relay and developer
            # think up: it may be put right in time. If it is not, an honest seat must not look like a silent one.
            patience = view.terms.complaint_window // 3
            if desk.contracts.chain.now() < desk.rounds.deadlines(view.round_id).complaint_end - patience:
                raise
            desk.rounds.declare_no_data(desk.account, view.round_id, desk.seat.index)
            return f"seat {desk.seat.index} declared no data: {error}"

    def _compute_or_show(self, desk: SeatDesk, view: RoundView) -> str:
        try:
            desk.compute(view)
        except SumMismatchError:
            if view.closed is None or view.closed.settled is not None:
                raise  # every leaf was looked at before
            return self._show(desk, desk.walk().run())
        return f"seat {desk.seat.index}: its sum opens the commitment"

    def _show(self, desk: SeatDesk, finding: Finding) -> str:
        view, permit = desk.view, NO_PERMIT
        if isinstance(finding, BadShare) and not self._is_turn(desk, finding):
            return self._waiting(desk).detail
        if isinstance(finding, Withheld):
            bond = desk.disputes.settings().challenge_bond
            permit = desk.contracts.token.permit(desk.account, desk.disputes.address, bond)
        desk.disputes.file(desk.account, view, finding, secret=desk.secret, permit=permit)
        return finding.words

    def _is_turn(self, desk: SeatDesk, finding: BadShare) -> bool:
        snapshot_at = desk.rounds.round(desk.view.round_id).snapshot_at
        mine = turn(desk.view.terms, snapshot_at, desk.seat.index, finding.place.index)
        if desk.contracts.chain.now() >= mine:
            return True
        self.waits_until = min(self.waits_until or mine, mine)
        return False

    def _waiting(self, desk: SeatDesk) -> Deed:
        detail = f"seat {desk.seat.index}: its turn to complain is at {self.waits_until}, if nobody did before"
        return Deed("turn awaited", desk.view.round_id, detail)


def _show_silence(desk: SeatDesk, challenge_id: int) -> str:
    desk.disputes.unanswered(desk.account, challenge_id)
    return "the developer did not show what was demanded"
