"""The client of a relay that lies, breaks off, or is somebody else; nothing it says is taken for true."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from sda.crypto.hashes import keccak
from sda.errors import MessageError, ParameterError, RelayError
from sda.messages import ENROLMENT_BYTES, Domain
from sda.params import TEST
from sda.relay import wire
from sda.relay.client import HttpRelay, RelayUnreachableError
from sda.relay.service.serving import serving
from tests.relay.services import Service, service
from tests.world import World

CONTRIBUTORS = 200


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, TEST, contributors=2)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sda.relay.client._FIRST_WAIT", 0.01)


Answer = Callable[[Request], Response]


@contextmanager
def hostile(world: World, answer: Answer, tries: int = 2) -> Iterator[HttpRelay]:
    """A client of a relay that says where it is and answers everything else as told."""

    def place(_: Request) -> Response:
        return JSONResponse({"chain_id": world.domain.chain_id, "contract": "0x" + world.domain.contract.hex()})

    def challenge(_: Request) -> Response:
        return Response(bytes(40))

    methods = ["GET", "POST", "PUT"]
    routes = [Route("/place", place), Route("/challenge", challenge), Route("/{_:path}", answer, methods=methods)]
    with serving(Starlette(routes=routes)) as url:
        yield HttpRelay(url, world.domain, world.developer, tries=tries)


def refused(world: World, answer: Answer, act: Callable[[HttpRelay], object], match: str) -> None:
    with hostile(world, answer) as relay, pytest.raises((RelayError, MessageError), match=match):
        act(relay)


# ---------------------------------------------------------------------- answers that are none


@pytest.mark.parametrize(
    ("body", "match"),
    [
        (b"", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[1]", "no JSON object"),
        (b"{}", "None, must be an integer"),
        (b'{"count": -1}', "must be an integer"),
        (b'{"count": 4294967296}', "must be an integer"),
        (b'{"count": true}', "must be an integer"),
        (b'{"count": 1.5}', "must be an integer"),
        (b"[" * 100_000, "no JSON"),
        (b'{"count": ' + b"9" * 10_000 + b"}", "no JSON"),
    ],
)
def test_number__that_is_none(world: World, body: bytes, match: str) -> None:
    refused(world, lambda _: Response(body), lambda relay: relay.enrolled(), match)


@pytest.mark.parametrize("status", [200, 500, 404, 409, 301])
@pytest.mark.parametrize("body", [b"<html>", b"{}", b'{"reason": "nonsense", "detail": 1}', b"\xff" * 300])
def test_refusal__of_any_form__is_one_clear_error(world: World, status: int, body: bytes) -> None:
    message = world.prepare(world.contributors[0]).encode()
    refused(world, lambda _: Response(body, status), lambda relay: relay.submit(message), "http://127.0.0.1")


@pytest.mark.parametrize(
    "receipt",
    [
        {},
        {"id": "00" * 32, "position": 0},
        {"id": "zz", "position": 0},
        {"id": 5, "position": 0},
        {"position": 0},
    ],
)
def test_receipt__for_something_else__is_none(world: World, receipt: dict[str, object]) -> None:
    message = world.prepare(world.contributors[0]).encode()
    refused(world, lambda _: JSONResponse(receipt), lambda relay: relay.submit(message), "no receipt for it")


def test_receipt__of_another_position__is_none(world: World) -> None:
    message = world.prepare(world.contributors[0]).encode()
    receipt = {"id": keccak(message).hex(), "position": 1}
    refused(world, lambda _: JSONResponse(receipt), lambda relay: relay.submit(message), "no receipt for it")


def test_redirect__is_not_followed(world: World) -> None:
    asked: list[str] = []

    def answer(request: Request) -> Response:
        asked.append(request.url.path)
        return Response(status_code=302, headers={"Location": "http://127.0.0.1:1/elsewhere"})

    refused(world, answer, lambda relay: relay.enrolled(), "HTTP 302")
    assert asked == ["/enrolments/count"]


@pytest.mark.parametrize("size", [0, ENROLMENT_BYTES - 1, 3 * ENROLMENT_BYTES])
def test_enrolments__too_few_or_many__are_refused(world: World, size: int) -> None:
    refused(world, lambda _: Response(bytes(size)), lambda relay: relay.enrolments(0, 2), f"with {size} bytes")


def test_contributions__out_of_order__are_refused(world: World) -> None:
    """Else the same page could be served for ever."""
    message = world.prepare(world.contributors[0]).encode()
    page = wire.frame([message])
    hash_ = world.view.round_hash
    refused(world, lambda _: Response(page), lambda relay: list(relay.contributions(hash_)), "out of order")


@pytest.mark.parametrize("body", [b"\x00", b"\x00\x00\x00\x05abc", wire.frame([b"short"])])
def test_contributions__malformed__are_refused(world: World, body: bytes) -> None:
    refused(world, lambda _: Response(body), lambda relay: list(relay.contributions(bytes(32))), "list|contribution")


@pytest.mark.parametrize("body", [b"", b"\x00" * 4, b"\xff" * 400])
def test_job__malformed__is_refused(world: World, body: bytes) -> None:
    refused(world, lambda _: Response(body), lambda relay: relay.job(bytes(32), 0), "snapshot")


def test_challenge__of_another_length__is_refused(world: World) -> None:
    def place(_: Request) -> Response:
        return JSONResponse({"chain_id": world.domain.chain_id, "contract": "0x" + world.domain.contract.hex()})

    app = Starlette(routes=[Route("/place", place), Route("/challenge", lambda _: Response(bytes(41)))])
    with serving(app) as url, pytest.raises(RelayError, match="challenge is of 41 bytes"):
        HttpRelay(url, world.domain, world.developer).close_round(bytes(32))


# ---------------------------------------------------------------------- too much, too slow, not at all


async def _endless() -> AsyncIterator[bytes]:
    while True:
        yield bytes(1 << 16)
        await asyncio.sleep(0)  # else nothing could end it once the client has gone


@pytest.mark.parametrize("status", [200, 404, 503])
def test_endless_answer__is_given_up(world: World, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sda.relay.client._MOST", 1 << 20)
    refused(world, lambda _: StreamingResponse(_endless(), status), lambda relay: relay.enrolled(), "more than")


def test_slow_answer__is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes in time, the whole never does."""
    monkeypatch.setattr("sda.relay.client._LONGEST_ANSWER", 0.5)
    gone = threading.Event()

    def drops() -> Iterator[bytes]:
        while not gone.wait(0.05):
            yield b" "

    try:
        refused(world, lambda _: StreamingResponse(drops()), lambda relay: relay.enrolled(), "not answered within")
    finally:
        gone.set()


def test_busy_relay__is_tried_again_and_then_given_up(world: World) -> None:
    asked: list[int] = []

    def answer(_: Request) -> Response:
        asked.append(1)
        if len(asked) < 3:
            return JSONResponse({"reason": "busy", "detail": ""}, 503)
        return JSONResponse({"count": 7})

    with hostile(world, answer, tries=3) as relay:
        assert relay.enrolled() == 7
    asked.clear()
    with hostile(world, answer, tries=2) as relay, pytest.raises(RelayUnreachableError, match=r"2 tries \(HTTP 503\)"):
        relay.enrolled()


def test_refusal__is_not_tried_again(world: World) -> None:
    asked: list[int] = []

    def answer(_: Request) -> Response:
        asked.append(1)
        return JSONResponse({"reason": "invalid", "detail": "no"}, 400)

    refused(world, answer, lambda relay: relay.enrol(b""), "invalid: no")
    assert len(asked) == 1


def test_nobody_there__is_said_after_some_tries(world: World) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        relay = HttpRelay(f"http://127.0.0.1:{taken.getsockname()[1]}", world.domain, tries=2)
        with pytest.raises(RelayUnreachableError, match="does not answer after 2 tries"):
            relay.enrolled()


def test_relay_of_another_contract__is_not_used(world: World, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with service(tmp_path / "other") as other:
        for domain in (Domain(1, world.domain.contract), Domain(world.domain.chain_id, bytes(20))):
            relay = HttpRelay(other.url, domain)
            with pytest.raises(RelayError, match=r"serves .* must serve"):
                relay.submit(b"")
        assert other.count() == 0


@pytest.mark.parametrize("url", ["", "relay.example", "ftp://relay.example", "postgresql://relay"])
def test_what_is_no_relays_url__is_refused(world: World, url: str) -> None:
    with pytest.raises(ParameterError, match="must be a URL"):
        HttpRelay(url, world.domain)


# ---------------------------------------------------------------------- downloads that are cut


class Cutting:
    """A proxy that ends each connection after so many bytes of what comes back."""

    def __init__(self, target: tuple[str, int], after: int) -> None:
        self.after = after
        self.connections = 0
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._carry, args=(client, self.after), daemon=True).start()

    def _carry(self, client: socket.socket, left: int) -> None:
        with client, socket.create_connection(self._target) as server:
            threading.Thread(target=self._copy, args=(client, server), daemon=True).start()
            while left and (data := server.recv(min(left, 4096))):
                client.sendall(data)
                left -= len(data)
            client.shutdown(socket.SHUT_RDWR)

    @staticmethod
    def _copy(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(4096):
                sink.sendall(data)
        except OSError:
            pass


@pytest.fixture
def crowd(tmp_path: Path) -> Iterator[Service]:
    (tmp_path / "crowd").mkdir()
    with service(tmp_path / "crowd", contributors=CONTRIBUTORS) as found:
        yield found


def test_cut_download__goes_on_where_it_was(crowd: Service) -> None:
    """Cut more often than there are tries: what got on is no failure."""
    whole = crowd.world.relay.enrolments(0, CONTRIBUTORS)
    proxy = Cutting(crowd.address, after=4000)
    relay = HttpRelay(proxy.url, crowd.world.domain, tries=2)
    assert relay.enrolments(0, CONTRIBUTORS) == whole
    assert proxy.connections > 10
    assert relay.bytes_down < 1.3 * len(whole)
    proxy.close()


def test_cut_download__that_does_not_get_on__is_given_up(crowd: Service) -> None:
    proxy = Cutting(crowd.address, after=100)
    with pytest.raises(RelayUnreachableError, match="does not answer"):
        HttpRelay(proxy.url, crowd.world.domain, tries=3).enrolments(0, CONTRIBUTORS)
    proxy.close()


def test_cut_download__of_a_file_that_changed__begins_again(world: World) -> None:
    """The first answer breaks off; the second is another file, and comes whole although a part was asked for."""
    asked: list[str] = []

    async def half() -> AsyncIterator[bytes]:
        yield b'{"count"'
        raise ConnectionError

    def answer(request: Request) -> Response:
        asked.append(request.headers.get("Range", ""))
        if len(asked) == 1:
            return StreamingResponse(half(), headers={"ETag": '"a"', "Content-Length": "12"})
        return Response(json.dumps({"count": 9}), headers={"ETag": '"b"'})

    with hostile(world, answer) as relay:
        assert relay.enrolled() == 9
    assert asked == ["", "bytes=8-"]


@pytest.mark.parametrize(
    "headers",
    [
        {"ETag": '"other"', "Content-Range": "bytes 8-11/12"},
        {"ETag": '"a"', "Content-Range": "bytes 7-11/12"},
        {"ETag": '"a"'},
    ],
)
def test_part__of_something_else__is_refused(world: World, headers: dict[str, str]) -> None:
    asked: list[int] = []

    async def half() -> AsyncIterator[bytes]:
        yield b'{"count"'
        raise ConnectionError

    def answer(_: Request) -> Response:
        asked.append(1)
        if len(asked) == 1:
            return StreamingResponse(half(), headers={"ETag": '"a"', "Content-Length": "12"})
        return Response(b": 9}", 206, headers)

    refused(world, answer, lambda relay: relay.enrolled(), "from where nobody asked")


# ---------------------------------------------------------------------- TLS


def test_certificate__must_be_trusted_and_of_the_host(world: World, tmp_path: Path) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    key, chain = tmp_path / "key.pem", tmp_path / "chain.pem"

    def place(_: Request) -> Response:
        return JSONResponse({"chain_id": world.domain.chain_id, "contract": "0x" + world.domain.contract.hex()})

    app = Starlette(routes=[Route("/place", place), Route("/{_:path}", lambda _: JSONResponse({"count": 3}))])
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    for issuer, name, trusted in (
        (authority, "127.0.0.1", True),
        (authority, "other", False),
        (stranger, "127.0.0.1", False),
    ):
        certificate = issuer.issue_cert(name)
        certificate.private_key_pem.write_to_path(key)
        for index, blob in enumerate(certificate.cert_chain_pems):
            blob.write_to_path(chain, append=index > 0)
        with serving(app, certificate=str(chain), key=str(key)) as url:
            relay = HttpRelay(url, world.domain, verify=trusting, tries=1)
            if trusted:
                assert relay.enrolled() == 3
                with pytest.raises(RelayUnreachableError, match="CERTIFICATE_VERIFY_FAILED"):
                    HttpRelay(url, world.domain, tries=1).enrolled()
            else:
                with pytest.raises(RelayUnreachableError, match="CERTIFICATE_VERIFY_FAILED"):
                    relay.enrolled()
