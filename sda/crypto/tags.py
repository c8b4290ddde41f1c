"""Domain separation: one tag, one use (docs/FORMATS.md, "Tags")."""

from __future__ import annotations

from enum import Enum

TAG_BYTES = 31


class Tag(Enum):
    """What a hash is for. The value is the ASCII name filled with zero bytes to 31."""

    PAD = b"SDA/1 pad"
    NOISE_PAD = b"SDA/1 noise pad"
    MASK = b"SDA/1 mask"
    CLERK_KEY = b"SDA/1 clerk key"
    CONTRIBUTOR_KEY = b"SDA/1 contributor key"
    DEVELOPER_KEY = b"SDA/1 developer key"
    LEAKED_KEY = b"SDA/1 leaked key"
    SHARED_KEY = b"SDA/1 shared key"

    @property
    def filled(self) -> bytes:
        """The 31 bytes that enter a hash."""
        return self.value.ljust(TAG_BYTES, b"\0")
