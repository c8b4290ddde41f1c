"""What systemd is told of a service (sd_notify): that it is ready, and stopping. Nothing if nobody asked."""

from __future__ import annotations

import os
import socket
from contextlib import suppress


def notify(message: str) -> None:
    """Send "READY=1" or "STOPPING=1" to whoever started this service."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address:
        # A leading @ stands for the zero byte of a name that is in no file system.
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender, suppress(OSError):
            sender.sendto(message.encode(), "\0" + address[1:] if address[0] == "@" else address)
