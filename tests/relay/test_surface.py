"""The service as strangers meet it: limits, caches, and everything that is not a well-formed request."""

from __future__ import annotations

import asyncio
import re
import socket
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sda.crypto.curve import COMPRESSED_BYTES
from sda.crypto.hashes import keccak
from sda.params import TEST
from sda.relay.service import Limits
from tests.relay.services import Service, service

FORMATS = Path(__file__).parents[2] / "docs" / "FORMATS.md"
REUSE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Service]:
    with service(tmp_path) as found:
        yield found


def receive(connection: socket.socket) -> str:
    """The head of an answer."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(4096)
        assert piece, f"no answer but {data!r}"
        data += piece
    return data.decode()


def head(message: bytes, size: int | None = None) -> bytes:
    length = len(message) if size is None else size
    return f"POST /contributions HTTP/1.1\r\nHost: relay\r\nContent-Length: {length}\r\n\r\n".encode()


# ---------------------------------------------------------------------- bodies


def test_contribution__is_answered_once_it_is_stored(served: Service) -> None:
    message = served.message(0)
    answer = served.post(message)
    assert (answer.status_code, answer.json()) == (200, {"id": keccak(message).hex(), "position": 0})
    assert served.count() == 1


def test_body__cut_anywhere_or_longer__is_malformed(served: Service) -> None:
    message = served.message(0)
    for body in [message[:size] for size in range(0, len(message), 7)] + [message + b"\0"]:
        answer = served.post(body)
        assert (answer.status_code, answer.json()["reason"]) in {(400, "malformed"), (404, "unknown round")}
    assert served.count() == 0


def test_body__not_canonical__is_refused(served: Service) -> None:
    """Another encoding of the same point, a field element that is not reduced, a signature's other half."""
    message = served.message(0)
    corrections = 32 * TEST.row_length * (TEST.n - TEST.reconstruction)
    points = len(message) - 65 - corrections - COMPRESSED_BYTES * TEST.reconstruction
    for start, other in (
        (points, bytes([0xE0]) + bytes([1]) * 47),
        (points, bytes([message[points] & 0x7F]) + message[points + 1 : points + 48]),
        (points - 32, b"\xff" * 32),
        (len(message) - 65 - corrections, b"\xff" * 32),
        (len(message) - 33, b"\xff" * 32),
        (len(message) - 1, b"\x00"),
    ):
        answer = served.post(message[:start] + other + message[start + len(other) :])
        assert (answer.status_code, answer.json()["reason"]) == (400, "malformed")
    assert served.count() == 0


def test_body__announced_as_huge__is_refused_before_it_came(served: Service) -> None:
    with closing(socket.create_connection(served.address, 10)) as connection:
        connection.sendall(head(b"", 1 << 40) + bytes(Limits().message_bytes + 1))
        assert receive(connection).startswith("HTTP/1.1 413 ")
    assert served.post(served.message(0)).status_code == 200


def test_body__in_endless_chunks__is_refused(served: Service) -> None:
    with closing(socket.create_connection(served.address, 10)) as connection:
        connection.sendall(b"POST /enrolments HTTP/1.1\r\nHost: relay\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"10000\r\n" + bytes(1 << 16) + b"\r\n"
        for _ in range(Limits().message_bytes // (1 << 16) + 1):
            connection.sendall(chunk)
        assert receive(connection).startswith("HTTP/1.1 413 ")


def test_body__longer_than_announced__ends_the_connection_and_nothing_else(served: Service) -> None:
    """What comes behind a message is no request: the connection is closed, with or without a receipt before."""
    message = served.message(0)
    with closing(socket.create_connection(served.address, 10)) as connection:
        connection.sendall(head(message) + message + b"\x00garbage\r\n\r\n")
        answers = b""
        while piece := connection.recv(4096):
            answers += piece
    assert answers.splitlines()[0] in (b"HTTP/1.1 200 OK", b"HTTP/1.1 400 Bad Request")
    assert served.post(message).status_code == 200
    assert served.count() == 1


@REUSE
@given(data=st.binary(max_size=400))
def test_body__random__is_refused(data: bytes, served: Service) -> None:
    for place in ("/contributions", "/enrolments", "/reviews"):
        assert served.http.post(place, content=data).status_code in {400, 404}


# ---------------------------------------------------------------------- load


def test_slow_client__stops_no_other(served: Service) -> None:
    message = served.message(0)
    request = head(message) + message
    with closing(socket.create_connection(served.address, 20)) as slow:
        slow.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for index, byte in enumerate(request):
            slow.sendall(bytes([byte]))
            if index % (len(request) // 3) == 100:
                assert served.post(served.message(1 + index // (len(request) // 3))).status_code == 200
        assert receive(slow).startswith("HTTP/1.1 200 ")
    assert served.count() == 4


def test_slow_body__is_given_up(tmp_path: Path) -> None:
    with service(tmp_path, limits=Limits(message_seconds=1)) as served:
        message = served.message(0)
        with closing(socket.create_connection(served.address, 20)) as slow:
            slow.sendall(head(message) + message[:-1])
            assert receive(slow).startswith("HTTP/1.1 408 ")
        assert served.count() == 0
        assert served.post(message).status_code == 200


def test_ten_thousand_duplicates__are_one_contribution_and_one_receipt(served: Service) -> None:
    message = served.message(0)
    answers: set[bytes] = set()

    async def post(times: int) -> None:
        reader, writer = await asyncio.open_connection(*served.address)
        for _ in range(times):
            writer.write(head(message) + message)
            answer = await reader.readuntil(b"\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 200 ")
            size = int(answer.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            answers.add(await reader.readexactly(size))
        writer.close()

    async def post_all() -> None:
        await asyncio.gather(*(post(500) for _ in range(20)))

    asyncio.run(post_all())
    assert len(answers) == 1
    assert served.count() == 1
    assert len(list(served.world.relay.contributions(served.world.view.round_hash))) == 1


def test_full_inbox__is_told_so_and_retries_get_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process writes to the database for a while: one message is being stored, one waits, six are sent away."""
    monkeypatch.setattr("sda.relay.client._LONGEST_WAIT", 0.5)
    with (
        service(tmp_path, contributors=8, limits=Limits(waiting=1)) as served,
        closing(sqlite3.connect(tmp_path / "relay.sqlite", isolation_level=None)) as blocker,
        ThreadPoolExecutor(16) as threads,
    ):
        messages = [served.message(index) for index in range(8)]
        clients = [served.client(tries=100) for _ in messages]
        blocker.execute("BEGIN IMMEDIATE")
        posts = as_completed([threads.submit(served.post, message) for message in messages])
        for answer in (post.result() for post in islice(posts, 6)):
            assert (answer.status_code, answer.json()["reason"]) == (503, "busy")
            assert answer.headers["Retry-After"] == "1"
        again = [threads.submit(client.submit, message) for client, message in zip(clients, messages, strict=True)]
        assert served.count() == 0
        blocker.execute("COMMIT")
        assert [post.result().status_code for post in posts] == [200, 200]
        assert [each.result().id for each in again] == [keccak(message) for message in messages]
        assert served.count() == 8


def test_too_many_requests__are_told_when_to_come_back(tmp_path: Path) -> None:
    with service(tmp_path, limits=Limits(per_minute=5)) as served:
        answers = [served.http.get("/place") for _ in range(7)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
        assert answers[-1].json()["reason"] == "too many requests"
        assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60


# ---------------------------------------------------------------------- files


def test_files__have_a_tag_and_come_in_parts(served: Service) -> None:
    world = served.world
    world.contribute_all()
    world.close()
    files = [
        "/snapshot",
        "/roster",
        f"/corrections/{TEST.n - 1}",
        "/nodes/1/3",
        f"/leaves?start={TEST.n}&stop={TEST.n + 4}",
    ]
    files += [f"/claims/{world.contributors[0].key.account.address.hex()}"]
    for path in [served.place + file for file in files] + ["/enrolments?start=0&stop=4"]:
        whole = served.http.get(path)
        assert whole.status_code == 200
        assert whole.content
        tag = whole.headers["ETag"]
        again = served.http.get(path, headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
        part = served.http.get(path, headers={"Range": "bytes=5-", "If-Range": tag})
        assert (part.status_code, part.content) == (206, whole.content[5:])
        assert part.headers["Content-Range"] == f"bytes 5-{len(whole.content) - 1}/{len(whole.content)}"
        for headers in (
            {"Range": "bytes=5-", "If-Range": '"other"'},
            {"Range": f"bytes={len(whole.content)}-"},
            {"Range": "bytes=-5"},
            {"Range": "bytes=1-2,4-"},
            {"Range": f"bytes={'9' * 5000}-"},
            {"Range": "lines=5-"},
        ):
            unasked = served.http.get(path, headers=headers)
            assert (unasked.status_code, unasked.content) == (200, whole.content)


def test_files__before_the_round_is_published__are_not_there(served: Service) -> None:
    for file in ("/snapshot", "/roster", "/corrections/0", "/nodes/1/0", "/leaves?start=5&stop=6"):
        answer = served.http.get(served.place + file)
        assert (answer.status_code, answer.json()["reason"]) == (404, "not published")


def test_pages__larger_than_allowed__are_refused(served: Service) -> None:
    for query in ("start=0&stop=5", f"start=0&stop={Limits().page + 1}", "start=3&stop=1"):
        answer = served.http.get(f"/enrolments?{query}")
        assert (answer.status_code, answer.json()["reason"]) == (404, "not found")


# ---------------------------------------------------------------------- the service itself


def test_metrics__count_by_route_and_never_by_what_was_asked(served: Service) -> None:
    served.post(served.message(0))
    served.post(b"")
    served.http.get(f"/accounts/{'ab' * 20}/position")
    served.http.get("/no/such/place")
    served.http.request("BREW", "/place")
    page = served.http.get("/metrics").text
    for line in (
        'sda_relay_requests_total{method="POST",route="/contributions",status="200"} 1.0',
        'sda_relay_requests_total{method="POST",route="/contributions",status="400"} 1.0',
        'sda_relay_requests_total{method="GET",route="/accounts/{account}/position",status="200"} 1.0',
        'sda_relay_requests_total{method="GET",route="none",status="404"} 1.0',
        'sda_relay_refusals_total{reason="malformed"} 1.0',
        "sda_relay_waiting 0.0",
    ):
        assert line in page
    assert "abab" not in page
    assert "BREW" not in page


def test_health__knows_how_many_enrolled(served: Service) -> None:
    assert served.http.get("/health").json() == {"enrolled": 4, "waiting": 0}


def test_description__is_that_of_the_formats(served: Service) -> None:
    """Every route that the service describes is in docs/FORMATS.md, with the letters used there."""
    described = served.http.get("/openapi.json").json()["paths"]
    written = FORMATS.read_text()
    letters = {"{round_hash}": "H", "{account}": "A", "{seat}": "J", "{level}": "LEVEL", "{index}": "INDEX"}
    assert "/contributions" in described
    for path in described:
        for name, letter in letters.items():
            path = path.replace(name, letter)
        assert re.search(rf"{re.escape(path)}[`?]", written), path
    assert served.http.get("/docs").status_code == 200


# ---------------------------------------------------------------------- the chain's time


def test_deadlines__are_of_the_chain_and_not_of_this_machine(served: Service) -> None:
    """The world's clock is years behind this machine's: what counts is whether the chain's is past the end."""
    first, second = served.message(0), served.message(1)
    served.world.now = served.world.view.collect_end - 1
    assert served.post(first).status_code == 200
    served.world.now = served.world.view.collect_end
    answer = served.post(second)
    assert (answer.status_code, answer.json()["reason"]) == (409, "too late")
    assert served.post(first).status_code == 200
