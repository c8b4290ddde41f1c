"""Where announcements are found: a directory that the developer writes, and that any web server can show.

Nothing here is believed: an announcement is what the query word on chain says, or it is refused.
"""

from __future__ import annotations

from pathlib import Path

import httpx

from sda.errors import LearningError
from sda.learning.announcement import Announcement
from sda.learning.checkpoint import write_whole

_SCHEMES = ("http://", "https://")
_SECONDS = 30.0
_MOST = 1 << 28


class Noticeboard:
    """Announcements by the query that names them.

    Args:
        place: A directory, or the URL under which one is served.
    """

    def __init__(self, place: str | Path) -> None:
        self._place = str(place)

    def post(self, announcement: Announcement) -> int:
        """Put an announcement into the directory; its size in bytes."""
        content = announcement.encode()
        write_whole(Path(self._place) / _name(announcement.query), content)
        return len(content)

    def fetch(self, query: bytes) -> Announcement:
        """The announcement with this query.

        Raises:
            LearningError: It is not to be had, or another one is there.
        """
        if self._place.startswith(_SCHEMES):
            return Announcement.decode(self._download(query), query)
        path = Path(self._place) / _name(query)
        if not path.is_file():
            raise LearningError(f"{path}: there is no such announcement")
        return Announcement.decode(path.read_bytes(), query)

    def _download(self, query: bytes) -> bytes:
        url = f"{self._place.rstrip('/')}/{_name(query)}"
        data = bytearray()
        try:
            with httpx.stream("GET", url, timeout=_SECONDS) as answer:
                answer.raise_for_status()
                for chunk in answer.iter_bytes():
                    data += chunk
                    if len(data) > _MOST:
                        raise LearningError(f"{url}: answers with more than {_MOST} bytes")
        except httpx.HTTPError as error:
            raise LearningError(f"{url}: is not to be had ({str(error) or type(error).__name__})") from None
        return bytes(data)


def _name(query: bytes) -> str:
    return f"{query.hex()}.model"
