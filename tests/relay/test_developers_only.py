"""Padded vectors, closing and publishing are the developer's; everybody else is refused, and nothing changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from sda.developer import collect
from sda.errors import RelayError
from sda.messages import AccountKey
from sda.relay import Reason, RefusedError, wire
from sda.relay.access import VALID_SECONDS, answer_challenge, make_challenge
from tests.relay.services import Service, service


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Service]:
    with service(tmp_path) as found:
        found.world.contribute_all()
        yield found


def answer(served: Service, account: AccountKey, round_hash: bytes | None = None, challenge: bytes = b"") -> str:
    world = served.world
    challenge = challenge or served.http.get("/challenge").content
    return answer_challenge(world.domain, account, round_hash or world.view.round_hash, challenge)


def another(served: Service) -> str:
    return answer(served, AccountKey.generate())


def contributor(served: Service) -> str:
    return answer(served, served.world.contributors[0].key.account)


def another_round(served: Service) -> str:
    return answer(served, served.world.developer, b"\x01" * 32)


def another_relay(served: Service) -> str:
    return answer(served, served.world.developer, challenge=make_challenge(b"\x01" * 32, served.world.now))


def expired(served: Service) -> str:
    header = answer(served, served.world.developer)
    served.world.now += VALID_SECONDS
    return header


def garbage(_: Service) -> str:
    return "SDA garbage"


def nothing(_: Service) -> str:
    return ""


def asks(served: Service, header: str) -> list[httpx.Response]:
    headers = {"Authorization": header} if header else {}
    place, http = served.place, served.http
    return [
        http.get(f"{place}/contributions?kind=0&after=-1&limit=10", headers=headers),
        http.post(f"{place}/close", headers=headers),
        http.put(f"{place}/publication", content=b"anything", headers=headers),
    ]


@pytest.mark.parametrize(
    "header_of",
    [another, contributor, another_round, another_relay, expired, garbage, nothing],
    ids=lambda f: f.__name__,
)
def test_anybody_else__is_refused(served: Service, header_of: Callable[[Service], str]) -> None:
    for refusal in asks(served, header_of(served)):
        assert (refusal.status_code, refusal.json()["reason"]) == (401, "not allowed")
        assert "Authorization" in refusal.json()["detail"]
    hash_ = served.world.view.round_hash
    with pytest.raises(RefusedError, match="not published"):
        served.world.relay.job(hash_, 0)
    newcomer = served.world.enrol()
    assert served.post(served.world.prepare(newcomer).encode()).status_code == 200, "the round was closed"


def test_developer__is_let_in(served: Service) -> None:
    world = served.world
    client = served.client(world.developer)
    client.publish(world.view.round_hash, collect(world.view, client, world.developer_secret).publication)
    assert world.relay.job(world.view.round_hash, 0).snapshot.count == 4
    newcomer = world.enrol()
    refusal = served.post(world.prepare(newcomer).encode())
    assert (refusal.status_code, refusal.json()["reason"]) == (409, "not collecting")


def test_padded_vectors__are_kept_by_no_cache(served: Service) -> None:
    headers = {"Authorization": answer(served, served.world.developer)}
    page = served.http.get(f"{served.place}/contributions?kind=0&after=-1&limit=10", headers=headers)
    assert len(wire.unframe(page.content)) == 4
    assert page.headers["Cache-Control"] == "no-store"
    assert "ETag" not in page.headers


@pytest.mark.parametrize("body", [b"", b"\x00", bytes(1000), b"\xff" * 4])
def test_publication__malformed__changes_nothing(served: Service, body: bytes) -> None:
    headers = {"Authorization": answer(served, served.world.developer)}
    refusal = served.http.put(f"{served.place}/publication", content=body, headers=headers)
    assert (refusal.status_code, refusal.json()["reason"]) == (400, "malformed")
    with pytest.raises(RefusedError, match="not published"):
        served.world.relay.job(served.world.view.round_hash, 0)


def test_client__without_the_account__asks_nobody(served: Service) -> None:
    client = served.client()
    with pytest.raises(RefusedError) as caught:
        list(client.contributions(served.world.view.round_hash))
    assert caught.value.reason is Reason.NOT_ALLOWED


def test_client__of_another_account__is_refused(served: Service) -> None:
    client = served.client(AccountKey.generate())
    for act in (client.close_round, lambda hash_: list(client.contributions(hash_))):
        with pytest.raises(RelayError, match="not signed by the round's developer"):
            act(served.world.view.round_hash)


def test_unknown_round__is_told_before_anything_else(served: Service) -> None:
    refusal = served.http.post(f"/rounds/{'00' * 32}/close")
    assert (refusal.status_code, refusal.json()["reason"]) == (404, "unknown round")
