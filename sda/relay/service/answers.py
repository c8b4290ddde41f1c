"""How the service answers: errors in JSON, files with what caches and resumed downloads need."""

from __future__ import annotations

import hashlib

from fastapi import Request, Response
from fastapi.responses import JSONResponse

OCTETS = "application/octet-stream"
FOR_EVER = "public, max-age=31536000, immutable"
FOR_NOW = "public, max-age=5"
_DIGITS = 12
"""Of a place in an answer, at most: Python refuses to read numbers of thousands of digits."""


_UNREAD = {408, 413}
"""After these the rest of a body may still be on its way: the connection ends."""


def problem(status: int, reason: str, detail: str, retry_after: int = 0) -> Response:
    """What went wrong, and after how many seconds to come back, if that helps."""
    headers = {"Retry-After": str(retry_after)} if retry_after else {}
    headers |= {"Connection": "close"} if status in _UNREAD else {}
    return JSONResponse({"reason": reason, "detail": detail}, status, headers)


def cached(request: Request, data: bytes, control: str) -> Response:
    """An answer that can be asked for again in part, or not at all if it is the same."""
    tag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": control, "Accept-Ranges": "bytes"}
    if request.headers.get("If-None-Match") == tag:
        return Response(status_code=304, headers=headers)
    first = _first_wanted(request, tag, len(data))
    if first:
        headers["Content-Range"] = f"bytes {first}-{len(data) - 1}/{len(data)}"
        return Response(data[first:], 206, headers, OCTETS)
    return Response(data, 200, headers, OCTETS)


def _first_wanted(request: Request, tag: str, size: int) -> int:
    """From which byte on the client lacks the answer: `Range: bytes=N-`, of this very answer."""
    wanted = request.headers.get("Range", "")
    if request.headers.get("If-Range", tag) != tag or not (wanted.startswith("bytes=") and wanted.endswith("-")):
        return 0
    number = wanted.removeprefix("bytes=").removesuffix("-")
    if len(number) > _DIGITS or not (number.isascii() and number.isdigit()):
        return 0
    return int(number) if int(number) < size else 0
