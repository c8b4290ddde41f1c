"""In a private round every seat deals noise while contributors send (PROTOCOL §9)."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from sda.agents.deeds import Deed, attempt
from sda.agents.seat import SeatDesk
from sda.answers import NotWrittenError
from sda.crypto.seeds import NONCE_BYTES
from sda.dealt import NoiseBook
from sda.errors import ProofError
from sda.noise import deal
from sda.round import Terms

Sampler = Callable[[Terms], Sequence[int]]
"""Draws one dealer's noise for a round's terms: d integers in [-T, T]. `sda.privacy.noise.dealing.draw` is one."""


def deal_noise(desk: SeatDesk, book: NoiseBook, sampler: Sampler | None) -> Iterator[Deed]:
    """A seat deals its noise once, if the round takes noise and still collects."""
    view = desk.view
    if view.terms.sigma and desk.contracts.chain.now() < view.collect_end:
        try:
            due = not book.is_sent(view.round_hash)
        except NotWrittenError:
            due = True  # it is told when dealing fails
        if due:
            yield attempt("noise dealt", view.round_id, partial(_deal, desk, book, sampler))


def _deal(desk: SeatDesk, book: NoiseBook, sampler: Sampler | None) -> str:
    view, seat = desk.view, desk.seat

    def make() -> bytes:
        if sampler is None:
            raise ProofError(f"seat {seat.index}: this clerk has nothing to draw noise with, and counts as silent")
        nonce = secrets.token_bytes(NONCE_BYTES)
        return deal(view, seat, desk.account, desk.secret, sampler(view.terms), nonce).encode()

    message = book.message(view.round_hash, make)
    desk.relay.open_round(view)
    desk.relay.submit(message)
    book.mark_sent(view.round_hash)
    return f"seat {seat.index}: {view.terms.length} coordinates"
