"""Noise: in a private round every seat's clerk is a contributor too (PROTOCOL §9).

It sends a noise vector through the very path of the data: padded, committed, shared, signed, at the leaf of its
seat, counting nothing. Nobody can take it off later: its pad is only ever known as part of the sum. What is
drawn, and how wide, is `sda.privacy`'s; here it becomes a message.
"""

from __future__ import annotations

from collections.abc import Sequence

from sda.contributor import ContributorKey, seal
from sda.crypto.encoding import pack_noise
from sda.crypto.keys import SecretKey
from sda.crypto.schnorr import Proof
from sda.errors import ParameterError
from sda.messages import AccountKey, Contribution, Enrolment, Kind
from sda.messages.account import ADDRESS_BYTES
from sda.round import RoundView, Seat

NOBODY = bytes(ADDRESS_BYTES)
"""Payout of a noise leaf: a row is what a clerk is paid for."""


def deal(
    view: RoundView, seat: Seat, account: AccountKey, secret: SecretKey, noise: Sequence[int], nonce: bytes
) -> Contribution:
    """A seat's noise as a message: the same bytes for the same arguments.

    Args:
        view: Of a private round that collects.
        seat: The dealer's.
        account: Of the seat's clerk.
        secret: The clerk's key of the round's epoch.
        noise: d integers in [-T, T].
        nonce: 4 bytes, fresh for every vector.

    Raises:
        ParameterError: The seat is not held by this account and key, or the round takes no noise.
        EncodingError: The noise does not fit the round.
    """
    if (seat.operator, seat.key) != (account.address, secret.public):
        raise ParameterError("seat", seat.index, f"a seat of 0x{account.address.hex()} with this key")
    if not view.terms.sigma:
        raise ParameterError("sigma", 0, "positive: the round takes no noise")
    packed = pack_noise(noise, view.parameters)
    return seal(view, ContributorKey(account, secret), Kind.NOISE, seat.index, packed, NOBODY, nonce)


def dealer(seat: Seat) -> Enrolment:
    """What stands for the enrolment of a seat's clerk in its noise leaf: its key on chain, which the registry has
    checked, and a proof of zeros in the place of a contributor's.
    """
    return Enrolment(seat.operator, seat.key, Proof(0, 0), b"")
