"""What a relay does, whatever it runs on. Everything that crosses it is bytes or plain values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from sda.closed import Snapshot
from sda.crypto.sumtree import Sums
from sda.errors import RelayError
from sda.messages import Kind
from sda.round import ClaimProof, RoundView


class Reason(StrEnum):
    """Why a relay refuses."""

    MALFORMED = "malformed"
    UNKNOWN_ROUND = "unknown round"
    NOT_COLLECTING = "not collecting"
    TOO_LATE = "too late"
    FULL = "full"
    NOT_ENROLLED = "not enrolled"
    PUT_ASIDE = "put aside"
    RETIRED = "retired key"
    ALREADY_ENROLLED = "already enrolled"
    INVALID = "invalid"
    DUPLICATE = "duplicate"
    NOT_PUBLISHED = "not published"
    NOT_FOUND = "not found"
    NOT_ALLOWED = "not allowed"
    TOO_LARGE = "too large"
    TOO_SLOW = "too slow"


class Standing(Protocol):
    """What verdicts on chain say of contributors (PROTOCOL §7, §11.12)."""

    def aside_until(self, account: bytes) -> int:
        """Until when an account is put aside, unix seconds; 0 if it never was."""

    def is_retired(self, key_hash: bytes) -> bool:
        """Whether a share under this key was revealed."""


class Unblemished:
    """Nobody was ever put aside: for where there is no chain to ask."""

    def aside_until(self, account: bytes) -> int:
        """See `Standing.aside_until`."""
        return 0

    def is_retired(self, key_hash: bytes) -> bool:
        """See `Standing.is_retired`."""
        return False


class RefusedError(RelayError):
    """The relay's answer to something it does not accept.

    Args:
        reason: For programs.
        detail: For people: names the field, its value and what is allowed.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class Receipt:
    """That a contribution is stored; the same for the same bytes, however often they are sent.

    Attributes:
        id: keccak of the message.
        position: Of its contributor in the enrolment.
    """

    id: bytes
    position: int


@dataclass(frozen=True)
class Publication:
    """What a developer hands in when it closes a round; from it the relay answers everybody else.

    Attributes:
        snapshot: As it goes to the chain.
        enrolled: M, the enrolments that the enrolment root commits to.
        roster: The roster file.
        levels: For each level of the sum tree, leaves first, hash(32) ‖ body(32) of every node.
        sums: The sums of the root and of the larger subtrees, by (level, index).
    """

    snapshot: Snapshot
    enrolled: int
    roster: bytes
    levels: Sequence[bytes]
    sums: Mapping[tuple[int, int], bytes]


@dataclass(frozen=True)
class Job:
    """What a clerk downloads to answer for its seat, besides the enrolments it has not seen yet.

    Attributes:
        snapshot: The preimage of what stands on chain.
        enrolled: M; enrolments 0 … M-1 are needed.
        roster: The roster file.
        correction: For a seat ≥ R the sum of its corrections, 32·m bytes; empty for the others.
    """

    snapshot: Snapshot
    enrolled: int
    roster: bytes
    correction: bytes


@dataclass(frozen=True)
class Opening:
    """An inner node of the sum tree: its children's hashes and its own sums.

    Attributes:
        left, right: Hashes of the children.
        sums: Whose body, hashed with them, is the node.
    """

    left: bytes
    right: bytes
    sums: Sums


class Relay(Protocol):
    """The relay of one rounds contract. Every method raises `RefusedError` where it cannot comply."""

    # ------------------------------------------------------------------ contributors

    def enrol(self, message: bytes) -> int:
        """Add an enrolment to the list, which only grows; returns its position.

        The same account with the same key gets the same position again.
        """

    def position_of(self, account: bytes) -> int | None:
        """The position of an account's enrolment, None if it has none."""

    def submit(self, message: bytes) -> Receipt:
        """Store a contribution that passes every check; sending it again is harmless."""

    def submit_many(self, messages: Sequence[bytes]) -> list[Receipt | RefusedError]:
        """Store those of the contributions that pass, each with its own answer, in the same order."""

    def claim_proof(self, round_hash: bytes, account: bytes) -> ClaimProof:
        """Where an account's leaf is in the published tree."""

    # ------------------------------------------------------------------ anyone

    def enrolled(self) -> int:
        """How many enrolments there are."""

    def enrolments(self, start: int, stop: int) -> bytes:
        """Enrolments start … stop-1, 198 bytes each."""

    def open_round(self, view: RoundView) -> None:
        """Take a round's terms, or what changed of it on the chain since."""

    def count(self, round_hash: bytes, kind: Kind = Kind.DATA) -> int:
        """Contributions stored for a round; of contributors, or the seats' noise."""

    def job(self, round_hash: bytes, seat: int) -> Job:
        """What the clerk of a seat needs."""

    def opening(self, round_hash: bytes, level: int, index: int) -> Opening:
        """An inner node of the published tree, level 1 up to its depth."""

    def leaves(self, round_hash: bytes, start: int, stop: int) -> bytes:
        """The encoded leaves (docs/FORMATS.md) start … stop-1 of the published tree.

        Args:
            round_hash: Of the round.
            start, stop: Within n … n + N; or one seat, whose noise is in the tree.
        """

    # ------------------------------------------------------------------ clerks, on a draft

    def review(self, message: bytes) -> None:
        """Store what a seat found in a published draft (docs/FORMATS.md, "Review"); the latest one counts."""

    def reviews(self, round_hash: bytes) -> list[bytes]:
        """The latest review of each seat that sent one, by seat."""

    # ------------------------------------------------------------------ clerks, in a wide round

    def serve_row(self, message: bytes) -> None:
        """Store the row whose root a seat posted (docs/FORMATS.md, "Served row"); the latest one counts."""

    def row(self, round_hash: bytes, seat: int) -> bytes:
        """The row that a seat serves, 32 bytes an element; nothing if it serves none."""

    # ------------------------------------------------------------------ the developer only

    def close_round(self, round_hash: bytes) -> int:
        """Take no more contributions: from here on what is stored for the round stays as it is.

        Returns:
            M, the enrolments there were when it was first closed: the same however often it is.
        """

    def contributions(self, round_hash: bytes) -> Iterator[bytes]:
        """The stored messages, padded vectors included: noise by seat, then data by ascending position."""

    def publish(self, round_hash: bytes, publication: Publication) -> None:
        """Serve this snapshot, as a draft until it is on chain.

        A second one replaces it, and clerks review it anew: which one counts is decided on chain.
        """
