"""One process at a time for one clerk's directory: two would spend gas twice, and each other's nonces."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sda.errors import KeyFileError, SDAError
from sda.keys import make_private_directory

FILE_NAME = "lock"


class AlreadyServedError(SDAError):
    """Another process serves this clerk."""


@contextmanager
def served_by_us(directory: Path) -> Iterator[None]:
    """In here no other process serves the clerk of this directory; the lock goes with the process, however it ends.

    Raises:
        AlreadyServedError: One does.
        KeyFileError: There is no such directory, or it is open to others.
    """
    if not directory.is_dir():
        raise KeyFileError(f"{directory}: no such clerk")
    make_private_directory(directory)
    descriptor = os.open(directory / FILE_NAME, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyServedError(
                f"{directory.name}: is served by process {_pid_in(descriptor)} already; stop that one first"
            ) from None
        with suppress(OSError):  # the number is for people; the disk may be full
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def served_by(directory: Path) -> int | None:
    """The process that serves the clerk of this directory, None if none does; 0 if it is not known which."""
    try:
        descriptor = os.open(directory / FILE_NAME, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _pid_in(descriptor)
    else:
        return None
    finally:
        os.close(descriptor)


def _pid_in(descriptor: int) -> int:
    with suppress(ValueError):
        return int(os.pread(descriptor, 32, 0))
    return 0
