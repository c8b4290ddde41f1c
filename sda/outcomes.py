"""What became of a round's seats and money, as the contracts logged it, in plain values."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class SeatEvent:
    """What became of a seat."""

    seat: int
    clerk_id: int


@dataclass(frozen=True)
class AcceptedRow(SeatEvent):
    """`RowAccepted`: its row was right, and credited."""

    fee: int
    row: tuple[int, ...] = field(repr=False)


@dataclass(frozen=True)
class PostedRow(SeatEvent):
    """`RowPosted`: the root of its row in a wide round."""

    root: bytes


@dataclass(frozen=True)
class Slashed(SeatEvent):
    """`RowRejected`, `NoiseRejected` or `Silent`: it lost tokens."""

    amount: int


@dataclass(frozen=True)
class Claimed:
    """`Claimed`: a contributor was paid."""

    index: int
    payout: bytes
    amount: int


@dataclass(frozen=True)
class Credit:
    """`Credited`: somebody may withdraw tokens because of this round."""

    account: bytes
    amount: int


@dataclass(frozen=True)
class Events:
    """What the rounds contract logged of one round, as plain values.

    Attributes:
        rows, posted, rejected, silent, no_data, bad_noise: What became of the seats.
        claims: Rewards paid.
        credits: Everything credited.
        settled: Whether the round was closed: fees are credited then.
    """

    rows: tuple[AcceptedRow, ...] = ()
    posted: tuple[PostedRow, ...] = ()
    rejected: tuple[Slashed, ...] = ()
    silent: tuple[Slashed, ...] = ()
    no_data: tuple[SeatEvent, ...] = ()
    bad_noise: tuple[Slashed, ...] = ()
    claims: tuple[Claimed, ...] = ()
    credits: tuple[Credit, ...] = ()
    settled: bool = False
