"""What a dishonest act is, and what most of them begin with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sda.errors import SDAError
from sda.round import Terms
from tests.adversary.test_contributors import lie
from tests.chain.stage import make_private_terms, make_terms, make_wide_terms
from tests.rounds.cast import Cast

HONEST = 4
"""Contributors that do as they should."""

Play = Callable[[Cast, int], None]


@dataclass(frozen=True)
class Scenario:
    """One dishonest act.

    Attributes:
        role: Who, or who together.
        act: What it does, in words.
        play: Does it in a round that collects and has its honest contributors, and leaves the round closed or not.
        spoils: Whether the sum is lost unnoticed: what nothing stops yet.
        seats: Of dishonest clerks.
        private: Whether the round takes noise; honest seats deal it as soon as they make a pass.
        wide: Whether its vectors fill several chunks.
    """

    role: str
    act: str
    play: Play
    spoils: bool = False
    seats: tuple[int, ...] = ()
    private: bool = False
    wide: bool = False

    @property
    def terms(self) -> Terms:
        """Of its round."""
        if self.wide:
            return make_wide_terms()
        return make_private_terms() if self.private else make_terms()


def refused(act: Callable[[], object]) -> None:
    """Do something that must not be possible."""
    try:
        act()
    except SDAError:
        return
    raise AssertionError("was not refused")


def lie_and_close(cast: Cast, round_id: int, *changes: object) -> None:
    """Contributors lie, each in its own way, and the developer notices nothing."""
    for number, change in enumerate(changes):
        lie(cast, round_id, f"liar-{round_id}-{number}", change)
    cast.developer.snapshot(round_id)


def answering(cast: Cast, round_id: int) -> None:
    """An honest round up to its row window."""
    cast.developer.snapshot(round_id)
    cast.run_all()
    cast.past_complaints()


def settled(cast: Cast, round_id: int) -> None:
    """An honest round up to its claims."""
    answering(cast, round_id)
    cast.run_all()
    cast.settle()
