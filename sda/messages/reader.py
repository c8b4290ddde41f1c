"""Reading a message field by field. Lengths are checked before anything is read."""

from __future__ import annotations

from sda.errors import MessageError

VERSION = 1


class Reader:
    """A cursor over a message of known length and version.

    Args:
        data: The message.
        size: Its only allowed length in bytes.
        name: What it is, for errors.

    Raises:
        MessageError: Another length or version.
    """

    def __init__(self, data: bytes, size: int, name: str) -> None:
        if len(data) != size:
            raise MessageError(f"{name} of {len(data)} bytes: must be {size}")
        self._data = data
        self._position = 0
        version = self.integer(1)
        if version != VERSION:
            raise MessageError(f"{name} of version {version}: must be {VERSION}")

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        start = self._position
        self._position += count
        return self._data[start : self._position]

    def integer(self, count: int) -> int:
        """The next `count` bytes as a big-endian integer."""
        return int.from_bytes(self.take(count), "big")
