"""The checks at the relay's door: what is stored has passed all of them.

The cheap ones come first, and a message that is stored already gets its receipt before any curve operation,
so that ten thousand retries cost little. Subgroups are not checked here (40 µs a point): the developer does,
before inclusion.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from sda.crypto.field import ELEMENT_BYTES
from sda.crypto.hashes import keccak
from sda.errors import MessageError, ProofError
from sda.messages import Contribution, Domain, Enrolment, Kind, Review, ServedRow
from sda.messages.contribution import Header
from sda.relay.interface import Reason, Receipt, RefusedError, Standing
from sda.relay.store import Enrolled, Entry, Place, Store
from sda.round import RoundView, State

Clock = Callable[[], float]
Find = Callable[[bytes], RoundView | None]
Arguments = ParamSpec("Arguments")
Found = TypeVar("Found")


@dataclass(frozen=True)
class Admitted:
    """A contribution that may be stored.

    Attributes:
        entry: What to store.
        view: Its round.
        account: Of its contributor.
    """

    entry: Entry
    view: RoundView
    account: bytes


@dataclass(frozen=True)
class _Read:
    """A contribution whose head was read, and whose round is open here."""

    message: bytes
    id: bytes
    header: Header
    view: RoundView

    @property
    def place(self) -> Place:
        return self.header.round_hash, self.header.kind, self.header.position


class Door:
    """Checks messages against the store and the chain's terms.

    Args:
        store: Where enrolments and earlier contributions are.
        domain: The rounds contract.
        clock: Unix seconds.
        standing: What verdicts say of contributors.
        find: The view of a round by its hash, for rounds that nobody opened here.
    """

    def __init__(self, store: Store, domain: Domain, clock: Clock, standing: Standing, find: Find) -> None:
        self._find = find
        self._standing = standing
        self._store = store
        self._domain = domain
        self._clock = clock
        self._views: dict[bytes, RoundView] = {}

    # ------------------------------------------------------------------ rounds

    def open_round(self, view: RoundView) -> None:
        """Take a round's terms, or its latest state."""
        if view.domain != self._domain:
            raise RefusedError(
                Reason.UNKNOWN_ROUND,
                f"round {view.round_id} of contract 0x{view.contract.hex()} on chain {view.chain_id}, "
                f"this relay serves 0x{self._domain.contract.hex()} on {self._domain.chain_id}",
            )
        if view.round_hash not in self._views:
            self._store.open_round(view.round_hash)
        self._views[view.round_hash] = view

    def view(self, round_hash: bytes) -> RoundView:
        """The round with this hash."""
        view = self._views.get(round_hash)
        if view is None:
            view = self._find(round_hash)
            if view is not None:
                self.open_round(view)
        if view is None:
            raise RefusedError(Reason.UNKNOWN_ROUND, f"no round with hash {round_hash.hex()} is open here")
        return view

    # ------------------------------------------------------------------ enrolments

    def enrol(self, message: bytes) -> int:
        """Check and append an enrolment; its position."""
        try:
            enrolment = Enrolment.decode(message)
            enrolment.verify(self._domain)
        except MessageError as error:
            raise RefusedError(Reason.MALFORMED, str(error)) from error
        except ProofError as error:
            raise RefusedError(Reason.INVALID, str(error)) from error
        key = enrolment.key
        if self._standing.is_retired(key.hash):
            raise RefusedError(Reason.RETIRED, f"a share under the key of 0x{enrolment.account.hex()} was revealed")
        earlier = self._store.enrolment_of(enrolment.account)
        retired = earlier is not None and self._standing.is_retired(earlier.key_hash)
        after = earlier.position if earlier is not None and retired else None
        position = self._store.add_enrolment(enrolment.account, key.compressed, key.hash, message, after)
        if position is not None:
            return position
        earlier = self._store.enrolment_of(enrolment.account)
        if earlier is not None and earlier.key_hash == key.hash:
            return earlier.position
        whose = f"0x{enrolment.account.hex()}"
        detail = f"{whose} has another key" if earlier else f"the key of {whose} is another account's"
        raise RefusedError(Reason.ALREADY_ENROLLED, detail)

    # ------------------------------------------------------------------ contributions

    def check_many(self, messages: Sequence[bytes]) -> list[Admitted | Receipt | RefusedError]:
        """Everything that can be checked of contributions: of each what to store, the receipt it had, or why not."""
        seen = [_or_refusal(self._read, message) for message in messages]
        read = [item for item in seen if isinstance(item, _Read)]
        stored = self._store.contribution_ids([item.place for item in read])
        new = [item for item in read if stored.get(item.place) != item.id]
        positions = [item.header.position for item in new if item.header.kind is Kind.DATA]
        enrolled = self._store.enrolments_at(positions)
        verdicts = iter(
            _or_refusal(self._check_new, item, enrolled.get(item.header.position))
            if stored.get(item.place) != item.id
            else Receipt(item.id, item.header.position)
            for item in read
        )
        return [item if isinstance(item, RefusedError) else next(verdicts) for item in seen]

    def _read(self, message: bytes) -> _Read:
        try:
            header = Header.decode(message)
        except MessageError as error:
            raise RefusedError(Reason.MALFORMED, str(error)) from error
        return _Read(message, keccak(message), header, self.view(header.round_hash))

    def _check_new(self, item: _Read, enrolled: Enrolled | None) -> Admitted:
        header, view = item.header, item.view
        self._check_open(view)
        key_hash = self._contributors(header, enrolled) if header.kind is Kind.DATA else _dealers(header, view)
        self._check_content(item.message, view, key_hash)
        entry = Entry(header.round_hash, header.kind, header.position, item.id, item.message)
        return Admitted(entry, view, header.account)

    def _contributors(self, header: Header, enrolled: Enrolled | None) -> bytes:
        """Point hash of the contributor's key, if it may contribute."""
        if enrolled is None or enrolled.account != header.account:
            raise RefusedError(
                Reason.NOT_ENROLLED, f"0x{header.account.hex()} is not enrolled at position {header.position}"
            )
        self._check_standing(enrolled)
        return enrolled.key_hash

    def why_not_stored(self, admitted: Admitted) -> Receipt | RefusedError:
        """The answer to a contribution that passed every check and still found no place."""
        entry = admitted.entry
        place = entry.round_hash, entry.kind, entry.position
        stored = self._store.contribution_ids([place]).get(place)
        if stored == entry.id:
            return Receipt(entry.id, entry.position)
        if stored is not None:
            return RefusedError(
                Reason.DUPLICATE, f"0x{admitted.account.hex()} has sent another contribution to this round"
            )
        if self._store.is_closed(entry.round_hash):
            return RefusedError(Reason.NOT_COLLECTING, f"round {admitted.view.round_id} is closed")
        return RefusedError(Reason.FULL, f"round {admitted.view.round_id} has its {admitted.view.terms.maximum}")

    # ------------------------------------------------------------------ reviews

    def check_review(self, message: bytes) -> Review:
        """A review that may be stored: of a round that collects, by the clerk of its seat."""
        try:
            review = Review.decode(message)
        except MessageError as error:
            raise RefusedError(Reason.MALFORMED, str(error)) from error
        view = self.view(review.round_hash)
        self._check_open(view)
        n = view.parameters.n
        if review.seat >= n:
            raise RefusedError(Reason.INVALID, f"review of seat {review.seat}: must be in [0, {n})")
        if review.leaves and review.leaves[-1] >= n + view.terms.maximum:
            raise RefusedError(
                Reason.INVALID, f"review: names leaf {review.leaves[-1]}, must be below {n + view.terms.maximum}"
            )
        try:
            review.verify(self._domain, view.seats[review.seat].operator)
        except ProofError as error:
            raise RefusedError(Reason.INVALID, str(error)) from error
        return review

    # ------------------------------------------------------------------ rows of wide rounds

    def check_row(self, message: bytes) -> ServedRow:
        """A row that may be stored: of a wide round, by the clerk of its seat."""
        try:
            row = ServedRow.decode(message)
        except MessageError as error:
            raise RefusedError(Reason.MALFORMED, str(error)) from error
        view = self.view(row.round_hash)
        parameters = view.parameters
        if parameters.chunks == 1:
            raise RefusedError(Reason.INVALID, f"row: round {view.round_id} is narrow, its rows go to the contract")
        if row.seat >= parameters.n:
            raise RefusedError(Reason.INVALID, f"row of seat {row.seat}: must be in [0, {parameters.n})")
        if len(row.data) != ELEMENT_BYTES * parameters.row_length:
            elements = len(row.data) // ELEMENT_BYTES
            raise RefusedError(Reason.INVALID, f"row of {elements} elements: must be {parameters.row_length}")
        try:
            row.verify(self._domain, view.seats[row.seat].operator)
        except ProofError as error:
            raise RefusedError(Reason.INVALID, str(error)) from error
        return row

    # ------------------------------------------------------------------ inside

    def _check_open(self, view: RoundView) -> None:
        if view.state is not State.COLLECTING:
            raise RefusedError(Reason.NOT_COLLECTING, f"round {view.round_id} is {view.state.name.lower()}")
        now = self._clock()
        if now >= view.collect_end:
            raise RefusedError(Reason.TOO_LATE, f"round {view.round_id} ended at {view.collect_end}, it is {now:.0f}")

    def _check_standing(self, enrolled: Enrolled) -> None:
        until = self._standing.aside_until(enrolled.account)
        if self._clock() < until:
            raise RefusedError(Reason.PUT_ASIDE, f"0x{enrolled.account.hex()} sent a bad share, is aside until {until}")
        if self._standing.is_retired(enrolled.key_hash):
            raise RefusedError(
                Reason.RETIRED, f"a share under the key of 0x{enrolled.account.hex()} was revealed: enrol another"
            )

    def _check_content(self, message: bytes, view: RoundView, key_hash: bytes) -> None:
        try:
            leaf = Contribution.decode(message, view.parameters, check_subgroup=False).leaf
            leaf.verify(self._domain, key_hash)
        except MessageError as error:
            raise RefusedError(Reason.MALFORMED, str(error)) from error
        except ProofError as error:
            raise RefusedError(Reason.INVALID, str(error)) from error


def _or_refusal(
    check: Callable[Arguments, Found], *arguments: Arguments.args, **named: Arguments.kwargs
) -> Found | RefusedError:
    try:
        return check(*arguments, **named)
    except RefusedError as refusal:
        return refusal


def _dealers(header: Header, view: RoundView) -> bytes:
    """Point hash of the key of the seat whose noise this is, if the round takes noise from it."""
    if not view.terms.sigma:
        raise RefusedError(Reason.INVALID, f"round {view.round_id} takes no noise")
    if header.position >= view.parameters.n or view.seats[header.position].operator != header.account:
        raise RefusedError(Reason.NOT_ENROLLED, f"0x{header.account.hex()} does not hold seat {header.position}")
    return view.seats[header.position].key.hash
