"""A clerk's noise for a round: drawn once, written down before it is used, given to nobody but its own noise leaf.

Two different noise vectors for one round would tell their difference, and a choice among several would let a clerk
bias the sum; so a vector is on disk before anything is computed from it, and a restart finds the same one.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from sda.keys import make_private_directory
from sda.privacy.noise.gaussian import GaussianNoise
from sda.privacy.noise.laplace import LaplaceNoise
from sda.privacy.noise.noise import Noise
from sda.privacy.query import Mechanism, mechanism_of
from sda.round import Terms

FILE_NAME = "noise.sqlite"


def noise_of(terms: Terms) -> Noise:
    """The noise that a round's terms ask of its dealers; nothing else is needed to draw it.

    Raises:
        ParameterError: It is no private round.
    """
    kind = GaussianNoise if mechanism_of(terms.query) is Mechanism.GAUSSIAN else LaplaceNoise
    return kind(terms.sigma, terms.n - terms.silent - terms.t)


def deal(terms: Terms) -> list[int]:
    """One dealer's fresh vector: `length` integers in [-T, T]."""
    return noise_of(terms).draw(terms.length, terms.noise_bound)


class NoiseBook:
    """The noise that one clerk has drawn.

    Args:
        directory: The clerk's, private; made if need be.

    Raises:
        KeyFileError: The directory is open to others.
    """

    def __init__(self, directory: Path) -> None:
        make_private_directory(directory)
        self._path = directory / FILE_NAME
        with closing(self._connect()) as connection, connection:
            connection.execute("CREATE TABLE IF NOT EXISTS noise (round_hash BLOB PRIMARY KEY, vector TEXT)")
        self._path.chmod(0o600)

    def vector(self, round_hash: bytes, terms: Terms) -> list[int]:
        """The clerk's noise in a round: drawn and stored, or what was stored; two processes get the same.

        Raises:
            ParameterError: It is no private round.
            LookupError: The round is over, and its noise forgotten.
        """
        stored = self._stored(round_hash)
        if stored is None:
            drawn = json.dumps(deal(terms))
            with closing(self._connect()) as connection, connection:
                connection.execute("INSERT OR IGNORE INTO noise VALUES (?, ?)", (round_hash, drawn))
            stored = self._stored(round_hash)
        if stored is None or stored[0] is None:
            raise LookupError("noise: was forgotten, the round is over")
        vector: list[int] = json.loads(stored[0])
        return vector

    def forget(self, round_hash: bytes) -> None:
        """Drop a vector for good, once its round is over; the round itself stays known, so none is drawn again."""
        with closing(self._connect()) as connection, connection:
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("INSERT OR REPLACE INTO noise VALUES (?, NULL)", (round_hash,))

    def _stored(self, round_hash: bytes) -> tuple[str | None] | None:
        with closing(self._connect()) as connection:
            found: tuple[str | None] | None = connection.execute(
                "SELECT vector FROM noise WHERE round_hash = ?", (round_hash,)
            ).fetchone()
        return found

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=30)
