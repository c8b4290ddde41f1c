"""Dishonest acts in private rounds, where every seat deals noise."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace

from sda.agents.seat import SeatDesk
from sda.crypto.sumtree import Sums
from sda.messages import Contribution
from sda.noise import deal, dealer
from tests.adversary.forger import other_correction, other_point
from tests.adversary.scenario import Play, Scenario, refused
from tests.rounds.cast import Cast

CHEAT = 0
"""The seat that does not do as it should."""


def _others_deal(cast: Cast, round_id: int) -> SeatDesk:
    """Everybody else's noise is sent; where the cheat works."""
    committee = cast.committee(round_id)
    for agent in committee[CHEAT + 1 :]:
        agent.run_once()
    return committee[CHEAT].desk(cast.rounds.view(round_id))


def _noise(desk: SeatDesk) -> Contribution:
    """Noise of zeros: the cheat has its say on how much there is, which is why others' must be enough."""
    zeros = [0] * desk.view.terms.length
    return deal(desk.view, desk.seat, desk.account, desk.secret, zeros, secrets.token_bytes(4))


def _lies(change: Callable[[Sums], Sums]) -> Callable[[Cast, int], None]:
    """It signs other commitments or corrections than those of its noise."""

    def play(cast: Cast, round_id: int) -> None:
        desk = _others_deal(cast, round_id)
        honest = _noise(desk)
        leaf = replace(honest.leaf, sums=change(honest.leaf.sums), signature=b"")
        signed = leaf.sign(desk.view.domain, desk.account, dealer(desk.seat).key.hash)
        cast.relay.submit(Contribution(signed, honest.padded).encode())
        cast.developer.snapshot(round_id)

    return play


def _nothing(cast: Cast, round_id: int) -> None:
    _others_deal(cast, round_id)
    cast.developer.snapshot(round_id)


def _zeros_twice(cast: Cast, round_id: int) -> None:
    desk = _others_deal(cast, round_id)
    cast.relay.submit(_noise(desk).encode())
    refused(lambda: cast.relay.submit(_noise(desk).encode()))
    cast.developer.snapshot(round_id)


def _for_another_seat(cast: Cast, round_id: int) -> None:
    desk = _others_deal(cast, round_id)
    noise = _noise(desk)
    elsewhere = replace(noise.leaf, position=CHEAT + 1, signature=b"")
    signed = elsewhere.sign(desk.view.domain, desk.account, dealer(desk.seat).key.hash)
    refused(lambda: cast.relay.submit(Contribution(signed, noise.padded).encode()))
    cast.developer.snapshot(round_id)


def _act(what: str, play: Play) -> Scenario:
    return Scenario("clerk", f"in a private round, {what}", play, seats=(CHEAT,), private=True)


DEALERS = (
    _act("commits to another share of its noise than it sent to a seat", _lies(other_point(1))),
    _act("sends another correction of its noise for a late seat", _lies(other_correction(0))),
    _act("deals no noise, as one seat may", _nothing),
    _act("deals zeros, and then other noise", _zeros_twice),
    _act("deals noise in the name of another seat", _for_another_seat),
)
