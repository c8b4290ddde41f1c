"""Bounds of a connection: senders and readers that never come to an end, heads that never do."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from sda.relay.service.connection import Connection
from sda.relay.service.serving import serving
from tests.relay.services import Service, service

PATIENCE = 60.0


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Service]:
    with service(tmp_path) as found:
        yield found


def connect(served: Service) -> socket.socket:
    return socket.create_connection(served.address, PATIENCE)


def read_all(connection: socket.socket) -> bytes:
    """Until the service ends the connection, in whatever way."""
    data = b""
    try:
        while piece := connection.recv(1 << 16):
            data += piece
    except ConnectionResetError:
        pass
    return data


BEGINNINGS = {
    "one header": (b"GET /place HTTP/1.1\r\nHost: relay\r\nX: ", b"x" * 4096),
    "many headers": (b"GET /place HTTP/1.1\r\nHost: relay\r\n", b"X: x\r\n" * 700),
    "path": (b"GET /", b"x" * 4096),
    "trailers": (
        b"POST /reviews HTTP/1.1\r\nHost: relay\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n",
        b"X: x\r\n" * 700,
    ),
    "chunks that are hardly any body": (
        b"POST /reviews HTTP/1.1\r\nHost: relay\r\nTransfer-Encoding: chunked\r\n\r\n",
        (b"1;" + b"x" * 1000 + b"\r\nx\r\n") * 4,
    ),
}


@pytest.mark.parametrize(("beginning", "more"), BEGINNINGS.values(), ids=BEGINNINGS)
def test_what_is_beside_a_body__without_end__is_refused(served: Service, beginning: bytes, more: bytes) -> None:
    with closing(connect(served)) as connection:
        connection.sendall(beginning)
        with pytest.raises(ConnectionError):
            connection.sendall(more * (20 * Connection.beside_bytes // len(more)))
        assert read_all(connection)[:13] in (b"", b"HTTP/1.1 400 ")
    assert served.post(served.message(0)).status_code == 200


@pytest.mark.parametrize(
    "request_",
    [
        b"",
        b"POST /contrib",
        b"GET /place HTTP/1.1\r\nHost: relay\r\nContent-Length: 1000\r\n\r\nx",
    ],
    ids=["nothing", "part of a head", "a body that nobody reads"],
)
def test_request__that_does_not_arrive__is_given_up(
    served: Service, request_: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Connection, "arrival_seconds", 0.5)
    with closing(connect(served)) as connection:
        connection.sendall(request_)
        read_all(connection)
    assert served.count() == 0


def test_answer__that_is_not_read__is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Connection, "answer_seconds", 0.5)
    given_up = threading.Event()

    async def much(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200})
        for _ in range(1000):
            await send({"type": "http.response.body", "body": bytes(1 << 16), "more_body": True})
        given_up.set()  # what is sent to nobody is thrown away

    with (
        serving(Starlette(routes=[Mount("/", much)])) as url,
        closing(socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), PATIENCE)) as connection,
    ):
        connection.sendall(b"GET / HTTP/1.1\r\nHost: relay\r\n\r\n")
        assert given_up.wait(PATIENCE)
        assert len(read_all(connection)) < 1000 << 16


def test_idle_connections__stop_no_other(served: Service) -> None:
    connections = [connect(served) for _ in range(300)]
    assert served.post(served.message(0)).status_code == 200
    for connection in connections:
        connection.close()


def test_requests_on_one_connection__are_each_counted_anew(served: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Connection, "beside_bytes", 1000)
    for _ in range(20):
        assert served.http.get("/place", headers={"X": "x" * 500}).status_code == 200


def test_web_socket__is_none(served: Service) -> None:
    with closing(connect(served)) as connection:
        connection.sendall(
            b"GET /place HTTP/1.1\r\nHost: relay\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        assert connection.recv(13) == b"HTTP/1.1 200 "
