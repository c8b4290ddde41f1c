"""Drafts: before it closes, a developer shows its tree to the committee, and leaves out what seats find wrong.

What is left out of a draft costs nobody anything but its sender: no complaint has to be paid, no shared point
is revealed (PROTOCOL §11.6). A clerk that names honest leaves costs these contributors one round; the developer
sees who named whom, and follows no seat that names more than `leaves_to_leave_out` allows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from sda.agents.deeds import Deed, attempt
from sda.agents.seat import SeatDesk
from sda.clerk import review
from sda.errors import MessageError, ProofError, RelayError
from sda.messages import Review
from sda.pairs import Pairs
from sda.round import RoundView

_NAMED_AT_LEAST = 8
_NAMED_SHARE = 100


def review_draft(desk: SeatDesk) -> Iterator[Deed]:
    """A seat looks at the draft that is published, once each, and says what is wrong with it."""
    desk.relay.open_round(desk.view)
    try:
        root = desk.relay.job(desk.view.round_hash, desk.seat.index).snapshot.root
    except RelayError:
        return  # none yet, as a rule: a draft is an offer
    found = reviews(desk.view, desk.relay.reviews(desk.view.round_hash))
    if (desk.seat.index, root) not in {(each.seat, each.root) for each in found}:
        yield attempt("draft reviewed", desk.view.round_id, partial(_review, desk))


def _review(desk: SeatDesk) -> str:
    view, seat = desk.view, desk.seat
    pairs = Pairs.load(desk.pairs_file, desk.secret)
    try:
        root, bad = review(view, seat, desk.relay, desk.secret, pairs)
    finally:
        pairs.save(desk.pairs_file)
    message = Review.create(view.domain, desk.account, view.round_hash, root, seat.index, bad)
    desk.relay.review(message.encode())
    return f"seat {seat.index}: {len(bad)} leaves are wrong" if bad else f"seat {seat.index}: the draft adds up"


def reviews(view: RoundView, messages: Sequence[bytes]) -> list[Review]:
    """Those of the messages that seats of this round signed; a relay may serve anything."""
    found = []
    for message in messages:
        try:
            each = Review.decode(message)
            if each.round_hash == view.round_hash and each.seat < view.terms.n:
                each.verify(view.domain, view.seats[each.seat].operator)
                found.append(each)
        except (MessageError, ProofError):
            continue
    return found


def leaves_to_leave_out(found: Sequence[Review], root: bytes, count: int) -> set[int]:
    """The leaves that seats named in a draft.

    Args:
        found: Checked reviews.
        root: Of the draft.
        count: N of the draft; a seat that names more than a hundredth of it, and more than 8, is not followed.
    """
    limit = max(_NAMED_AT_LEAST, count // _NAMED_SHARE)
    return {index for each in found if each.root == root and len(each.leaves) <= limit for index in each.leaves}
