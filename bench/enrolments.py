"""Valid enrolments in any number, made once and kept outside the repository; resumable, on every core.

    python -m bench.enrolments 250000

They are real: distinct accounts and keys, signed, with proofs of possession. Their secrets follow from the number
of the contributor, so anybody can compute them: for measuring only.
"""

from __future__ import annotations

import argparse
import os
import secrets
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from platformdirs import user_cache_path
from rich.progress import track

from sda.crypto.field import Q
from sda.crypto.hashes import keccak
from sda.crypto.keys import SecretKey
from sda.messages import ENROLMENT_BYTES, AccountKey, Domain, Enrolment

DOMAIN = Domain(31337, bytes(19) + b"\x01")
DIRECTORY = user_cache_path("sda") / "bench" / "enrolments"
PIECE = 5000


def make(number: int) -> bytes:
    """The enrolment of a contributor."""
    account = AccountKey(keccak(b"SDA bench account" + number.to_bytes(4, "big")))
    key = SecretKey(int.from_bytes(keccak(b"SDA bench key" + number.to_bytes(4, "big")), "big") % Q)
    return Enrolment.create(DOMAIN, account, key).encode()


def _file(piece: int) -> Path:
    return DIRECTORY / f"{piece:05}.bin"


def _make_piece(piece: int) -> None:
    content = b"".join(make(number) for number in range(piece * PIECE, (piece + 1) * PIECE))
    draft = _file(piece).with_suffix(f".{secrets.token_hex(4)}")
    draft.write_bytes(content)
    draft.replace(_file(piece))


def ensure(count: int) -> None:
    """Make what is missing of the first `count`."""
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    missing = [piece for piece in range(-(-count // PIECE)) if not _file(piece).exists()]
    if missing:
        with ProcessPoolExecutor(os.cpu_count()) as pool:
            _exhaust(track(pool.map(_make_piece, missing), "enrolments, 5,000 a step", total=len(missing)))


def _exhaust(items: Iterable[object]) -> None:
    for _ in items:
        pass


def read(start: int, stop: int) -> bytes:
    """Enrolments start … stop-1."""
    return b"".join(_parts(start, stop))


def _parts(start: int, stop: int) -> Iterator[bytes]:
    while start < stop:
        piece, offset = divmod(start, PIECE)
        count = min(PIECE - offset, stop - start)
        with _file(piece).open("rb") as file:
            file.seek(offset * ENROLMENT_BYTES)
            yield file.read(count * ENROLMENT_BYTES)
        start += count


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.enrolments")
    parser.add_argument("count", type=int)
    ensure(parser.parse_args().count)
