"""The service in a thread of this process, on a free port: for demonstrations and tests."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette

from sda.errors import RelayError
from sda.relay.service.connection import Connection

_START_SECONDS = 20.0


@contextmanager
def serving(app: Starlette, port: int = 0, *, certificate: str | None = None, key: str | None = None) -> Iterator[str]:
    """The URL at which an application is served until the block ends.

    Args:
        app: Usually of `make_app`.
        port: 0 takes a free one.
        certificate, key: Files, for TLS.

    Raises:
        RelayError: It does not start.
    """
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        configuration = uvicorn.Config(
            app,
            http=Connection,
            ws="none",
            log_level="error",
            timeout_graceful_shutdown=2,
            ssl_certfile=certificate,
            ssl_keyfile=key,
        )
        server = uvicorn.Server(configuration)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        until = time.monotonic() + _START_SECONDS
        while not server.started:
            if not thread.is_alive() or time.monotonic() > until:
                raise RelayError("the relay's service did not start")
            time.sleep(0.01)
        try:
            yield f"{'https' if certificate else 'http'}://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(20)
