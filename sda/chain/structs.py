"""The contracts' structs and enums, each mirrored once (`Terms` and `State` are in `sda.round`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from sda.chain.addresses import from_text


class Outcome(IntEnum):
    """`IClerkRegistry.Outcome`, mirrored once: how a draw ended."""

    DRAWN = 0
    POOL_TOO_SMALL = 1
    POOL_BUSY = 2
    TRIES_EXHAUSTED = 3


@dataclass(frozen=True)
class Clerk:
    """`IClerkRegistry.Clerk`, field by field in the same order.

    Attributes:
        operator: The only account that acts for it, 20 bytes.
        stake: Token units, bonds included.
        weight: In the tree now.
        key_epoch: Last epoch for which a key is registered.
        withdrawable_at: Unix seconds; 0 while bonded.
        seats: Held now.
        leaked: Somebody else was shown to know its key.
    """

    operator: bytes
    stake: int
    weight: int
    key_epoch: int
    withdrawable_at: int
    seats: int
    leaked: bool

    @classmethod
    def of(cls, struct: Sequence[Any]) -> Clerk:
        """From a call's answer."""
        operator, *rest = struct
        return cls(from_text(operator), *rest)


@dataclass(frozen=True)
class Round:
    """`IRounds.Round`, field by field in the same order: the facts from which everything else is derived.

    Attributes:
        developer: Who asked, 20 bytes.
        seed_block: Whose RANDAO decides the draw.
        epoch: Of the clerks' keys.
        drawn_at, snapshot_at: Unix seconds; 0 if it has not happened.
        count: N.
        answered: Bitmap of the seats with a right row.
        resolved: Bitmap of the seats that owe nothing more; the bits of seats that there are not are set.
        undrawable, abandoned, closed, fraud: How it ended, if it did.
        excluded: Leaves that verdicts took out.
        excluded_data: Of them contributors' leaves, counted once they are settled.
        extended_to: Complaints last until then at least, unix seconds.
        settled_at: When the excluded leaves were taken out, unix seconds; 0 if they were not.
        no_data: Seats that declared "no data".
        wide: Whether a row has more than one chunk.
        held: Token units still held for the round.
        deposit, slashed: Parts of `held`.
        finder: Who convicted the developer, 20 bytes.
        developer_key: Point hash.
        terms_hash: Of the terms.
        round_hash, root, set_hash: Zero while unknown.
    """

    developer: bytes
    seed_block: int
    epoch: int
    drawn_at: int
    snapshot_at: int
    count: int
    answered: int
    resolved: int
    undrawable: bool
    abandoned: bool
    closed: bool
    fraud: bool
    excluded: int
    excluded_data: int
    extended_to: int
    settled_at: int
    no_data: int
    wide: bool
    held: int
    deposit: int
    slashed: int
    finder: bytes
    developer_key: bytes
    terms_hash: bytes
    round_hash: bytes
    root: bytes
    set_hash: bytes

    @classmethod
    def of(cls, struct: Sequence[Any]) -> Round:
        """From a call's answer."""
        values: list[Any] = [from_text(value) if isinstance(value, str) else value for value in struct]
        return cls(*values)

    @property
    def all_resolved(self) -> bool:
        """Whether no seat owes anything more: the round can be closed before its deadline."""
        return self.resolved == 2**64 - 1


@dataclass(frozen=True)
class Pot:
    """`IRewards.Pot`: the rewards of one completed round.

    Attributes:
        round_hash, root: What leaves and paths are checked against.
        reward: Token units each; 0 if there is no pot.
        count: N.
        claimed: Rewards paid or swept.
        claim_end: Unix seconds.
        n: Seats; the leaves below it are no contributors'.
    """

    round_hash: bytes
    root: bytes
    reward: int
    count: int
    claimed: int
    claim_end: int
    n: int

    @property
    def waiting(self) -> int:
        """Token units that nobody claimed yet."""
        return (self.count - self.claimed) * self.reward


@dataclass(frozen=True)
class Deadlines:
    """Ends of a round's windows (exclusive), unix seconds; 0 while unknown."""

    collect_end: int
    complaint_end: int
    row_end: int
    claim_end: int


@dataclass(frozen=True)
class Quote:
    """What a round costs up front, in token units.

    Attributes:
        escrow: Fees of a full committee for the maximal count, rewards and the draw's bounty.
        deposit: Returned unless the developer gives up or cheats.
    """

    escrow: int
    deposit: int

    @property
    def total(self) -> int:
        """What is taken from the developer."""
        return self.escrow + self.deposit
