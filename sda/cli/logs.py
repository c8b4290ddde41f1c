"""What a process that runs unattended says, on standard error: a line for people, or one JSON object a line."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

FORMATS = ("text", "json")
_FIELDS = ("round", "pid", "detail")


def set_up(form: str) -> None:
    """Say everything of this package from information on.

    Args:
        form: "text" or "json".
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if form == "json" else _Text())
    package = logging.getLogger("sda")
    package.handlers = [handler]
    package.setLevel(logging.INFO)
    package.propagate = False


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    found = {name: getattr(record, name, None) for name in _FIELDS}
    return {name: value for name, value in found.items() if value not in (None, "")}


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        head = {"time": _time(record), "level": record.levelname.lower(), "event": record.getMessage()}
        return json.dumps(head | _fields(record), ensure_ascii=False)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        parts = [f"{name} {value}" if name != "detail" else str(value) for name, value in _fields(record).items()]
        line = ": ".join([record.getMessage(), ", ".join(parts)]) if parts else record.getMessage()
        # What others sent may be quoted in it: it stays one line.
        return f"{_time(record)} {record.levelname.lower():7} {' '.join(line.split())}"
