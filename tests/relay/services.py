"""A world whose relay is a real service on a real port."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from sda.messages import AccountKey
from sda.params import TEST
from sda.relay.client import HttpRelay
from sda.relay.service import Limits, make_app
from sda.relay.service.serving import serving
from tests.world import World


class Service:
    """A world whose relay's file is served.

    Attributes:
        world: Its parties use the file; whoever is under test the service.
        app: Of the service.
        url: Where it is served.
        http: A bare client.
    """

    def __init__(self, world: World, limits: Limits | None = None) -> None:
        self.world = world
        self.app = make_app(
            world.relay,
            world.domain,
            limits=limits,
            refresh=lambda: world.relay.open_round(world.view),
            clock=lambda: world.now,
        )
        self.url = ""
        self.http = httpx.Client()

    @property
    def place(self) -> str:
        """Path of the round."""
        return f"/rounds/{self.world.view.round_hash.hex()}"

    @property
    def address(self) -> tuple[str, int]:
        """For sockets."""
        host, _, port = self.url.removeprefix("http://").partition(":")
        return host, int(port)

    def message(self, index: int) -> bytes:
        """A contribution, not sent yet."""
        return self.world.prepare(self.world.contributors[index]).encode()

    def post(self, message: bytes) -> httpx.Response:
        """Send a contribution once."""
        return self.http.post("/contributions", content=message)

    def count(self) -> int:
        """Stored contributions, as the file has them."""
        return self.world.relay.count(self.world.view.round_hash)

    def client(self, account: AccountKey | None = None, tries: int = 2) -> HttpRelay:
        """A client of the service."""
        client = HttpRelay(self.url, self.world.domain, account, tries=tries)
        client.open_round(self.world.view)
        return client


@contextmanager
def service(directory: Path, contributors: int = 4, limits: Limits | None = None) -> Iterator[Service]:
    """Running until the block ends."""
    found = Service(World(directory, TEST, contributors), limits)
    with serving(found.app) as url, httpx.Client(base_url=url, timeout=20) as found.http:
        found.url = url
        yield found
