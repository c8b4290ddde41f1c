"""The way of 2017: pads as packed Shamir shares over a 31-bit prime, one sealed box per contributor and clerk.

A small baseline of our own on PyNaCl, after snipsco/sda and its rust-threshold-secret-sharing: the contributor masks
its vector, seals the masked vector for the developer and the shares of the mask for the clerks; each clerk opens its
boxes and adds them up. That code computed shares by two Fourier transforms; here it is a product with a Lagrange
matrix, which costs next to nothing beside the boxes.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from functools import partial

import numpy as np
from nacl.public import PrivateKey, PublicKey, SealedBox
from numpy.typing import NDArray

from bench.side_by_side.report import Meter, Report, System, Vectors

PRIME = 2**31 - 1
KEY_BYTES = 32
Matrix = NDArray[np.int64]


class Packed:
    """Packed Shamir sharing: k secrets a polynomial, any t shares uniform, any R = t + k enough.

    Args:
        n, t, k: As in `sda.params.Parameters`.
        length: Of a vector.
    """

    def __init__(self, n: int, t: int, k: int, length: int) -> None:
        self.n, self.t, self.k, self.length = n, t, k, length
        self.columns = -(-length // k)
        self._secret_points = range(-1, -k - 1, -1)
        fixed = [*self._secret_points, *range(-k - 1, -k - t - 1, -1)]
        self._to_shares = _lagrange(fixed, range(1, n + 1))

    def share(self, values: Matrix) -> Matrix:
        """The shares of `length` values: n × columns, one row a clerk."""
        filled = np.zeros(self.columns * self.k, dtype=np.int64)
        filled[: self.length] = values
        fixed = np.vstack((filled.reshape(self.columns, self.k).T, _random(self.t, self.columns)))
        return _multiply(self._to_shares, fixed)

    def reconstruct(self, seats: Sequence[int], shares: Matrix) -> Matrix:
        """The values, from the shares of R seats: R × columns."""
        to_secrets = _lagrange([seat + 1 for seat in seats], self._secret_points)
        return _multiply(to_secrets, shares).T.reshape(-1)[: self.length]


def _lagrange(known: Sequence[int], wanted: Sequence[int]) -> Matrix:
    """From values of a polynomial at `known` points to its values at `wanted` ones; no point is in both."""
    weights = []
    for a in known:
        product = 1
        for b in known:
            product = product * (a - b if a != b else 1) % PRIME
        weights.append(pow(product, -1, PRIME))
    matrix = np.empty((len(wanted), len(known)), dtype=np.int64)
    for row, x in enumerate(wanted):
        whole = 1
        for a in known:
            whole = whole * (x - a) % PRIME
        matrix[row] = [whole * pow(x - a, -1, PRIME) * weight % PRIME for a, weight in zip(known, weights, strict=True)]
    return matrix


def _multiply(left: Matrix, right: Matrix) -> Matrix:
    # Products of two 31-bit numbers fit 64 bits; their sum would not.
    columns = [(left * right[:, column] % PRIME).sum(axis=1) % PRIME for column in range(right.shape[1])]
    return np.stack(columns, axis=1)


def _random(*shape: int) -> Matrix:
    """Uniform elements: 31 random bits, drawn again where they are the prime itself."""
    count = int(np.prod(shape))
    while True:
        drawn = np.frombuffer(secrets.token_bytes(4 * count), dtype="<u4").astype(np.int64) & PRIME
        if (drawn != PRIME).all():
            return drawn.reshape(shape)


def _encode(elements: Matrix) -> bytes:
    return elements.astype("<u4").tobytes()


def _decode(data: bytes) -> Matrix:
    return np.frombuffer(data, dtype="<u4").astype(np.int64)


def run(vectors: Vectors, n: int, t: int, k: int) -> Report:
    """One aggregation; the clerks that answer are the last R, so that n - R are seen to stay silent."""
    meter, length = Meter(), len(vectors[0])
    packed = Packed(n, t, k, length)
    developer, clerks = PrivateKey.generate(), [PrivateKey.generate() for _ in range(n)]
    keys = [key.public_key.encode() for key in (developer, *clerks)]

    messages = []
    for vector in vectors:
        meter.received("contributor", KEY_BYTES * len(keys))
        with meter.working("contributor"):
            message = _contribute(packed, vector, keys)
        meter.sent("contributor", sum(map(len, message)))
        messages.append(message)

    sums = []
    for seat, clerk in enumerate(clerks):
        boxes = [message[seat + 1] for message in messages]
        meter.received("clerk", sum(map(len, boxes)))
        with meter.working("clerk"):
            opener = SealedBox(clerk)
            total = np.zeros(packed.columns, dtype=np.int64)
            for box in boxes:
                total += _decode(opener.decrypt(box))
            sums.append(SealedBox(developer.public_key).encrypt(_encode(total % PRIME)))
        meter.sent("clerk", len(sums[-1]))

    seats = range(n)[-(t + k) :]
    boxes = [message[0] for message in messages]
    answers = [sums[seat] for seat in seats]
    meter.received("developer", sum(map(len, (*boxes, *answers))))
    with meter.working("developer"):
        opener = SealedBox(developer)
        masked = np.zeros(length, dtype=np.int64)
        for box in boxes:
            masked += _decode(opener.decrypt(box))
        shares = np.stack([_decode(opener.decrypt(answer)) for answer in answers])
        result = (masked - packed.reconstruct(seats, shares)) % PRIME
    return Report(result.tolist(), meter.loads(contributor=len(vectors), clerk=n, developer=1), {})


def _contribute(packed: Packed, vector: Sequence[int], keys: Sequence[bytes]) -> list[bytes]:
    """One message: the masked vector for the developer, then each clerk's shares of the mask."""
    mask = _random(packed.length)
    contents = [(np.asarray(vector) + mask) % PRIME, *packed.share(mask)]
    return [SealedBox(PublicKey(key)).encrypt(_encode(content)) for key, content in zip(keys, contents, strict=True)]


def _system(n: int, t: int, k: int, of: str) -> System:
    return System(
        slug=f"sealed_boxes_{n}",
        title="Sealed boxes and packed Shamir, as in 2017",
        setting=f"n = {n}, t = {t}, k = {k}, R = {t + k}: {of}; 31-bit prime, PyNaCl",
        run=partial(run, n=n, t=t, k=k),
        round_trips="contributor: one message; clerk: one",
        silent=f"any contributors; {n - t - k} of {n} clerks",
        lying="nobody: a wrong share or sum spoils the result unnoticed (surplus shares could show it, but the code of "
        "2017 did not look)",
        learns=f"developer: the sum; more: the developer with {t + 1} or more clerks",
        not_counted="The network, and a relay that only stores boxes. Public keys are counted without signatures.",
    )


SYSTEMS = (
    _system(728, 155, 100, "the committee of the 1 MB headline"),
    _system(26, 8, 10, "our committee"),
)
