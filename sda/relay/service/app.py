"""The relay's routes. Bodies are bytes (docs/FORMATS.md, "Relay"); what is refused is told in JSON."""

# No postponed annotations here: FastAPI reads those of the routes, which name what is local to `make_app`.

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from sda.errors import MessageError, ProofError, RelayError, UnreachableError
from sda.messages import Domain, Kind
from sda.relay import wire
from sda.relay.access import check_access, make_challenge
from sda.relay.database import StorageError
from sda.relay.interface import Reason, RefusedError
from sda.relay.local import LocalRelay
from sda.relay.service.answers import FOR_EVER, FOR_NOW, OCTETS, cached, problem
from sda.relay.service.guard import Guard
from sda.relay.service.inbox import FullError, Inbox
from sda.relay.service.metrics import Metrics
from sda.relay.service.rate import Rate

STATUS = {
    Reason.MALFORMED: 400,
    Reason.INVALID: 400,
    Reason.UNKNOWN_ROUND: 404,
    Reason.NOT_FOUND: 404,
    Reason.NOT_PUBLISHED: 404,
    Reason.NOT_ENROLLED: 403,
    Reason.PUT_ASIDE: 403,
    Reason.RETIRED: 403,
    Reason.NOT_ALLOWED: 401,
    Reason.TOO_LARGE: 413,
    Reason.TOO_SLOW: 408,
}
"""Of the reasons that are not a conflict, 409."""


@dataclass(frozen=True)
class Limits:
    """What one relay process takes on.

    Attributes:
        message_bytes: Of a message.
        publication_bytes: Of a developer's publication.
        message_seconds: Within which a message must arrive.
        publication_seconds: Within which a publication must.
        page: Enrolments, leaves or messages in one answer.
        waiting: Contributions that may wait to be stored.
        per_minute: Requests of one address; 0 for any number.
    """

    message_bytes: int = 1 << 18
    publication_bytes: int = 1 << 29
    message_seconds: int = 60
    publication_seconds: int = 600
    page: int = 4096
    waiting: int = 4096
    per_minute: int = 0


Position = Annotated[int, Query(ge=0, lt=1 << 32)]
RoundHash = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="The round's hash on chain.")]
Binary: dict[int | str, dict[str, Any]] = {
    200: {"content": {OCTETS: {"schema": {"type": "string", "format": "binary"}}}}
}
_BODY = {"requestBody": {"content": {OCTETS: {"schema": {"type": "string", "format": "binary"}}}, "required": True}}


def make_app(
    relay: LocalRelay,
    domain: Domain,
    *,
    limits: Limits | None = None,
    refresh: Callable[[], None] = lambda: None,
    health: Callable[[], dict[str, Any]] = dict,
    clock: Callable[[], float] = time.time,
) -> FastAPI:
    """The application of one relay process.

    Args:
        relay: What it serves.
        domain: The rounds contract that it serves.
        limits: What it takes on.
        refresh: Looks at the chain again, when somebody says that a round changed.
        health: What is to be known of the chain, for `/health`.
        clock: Unix seconds.
    """
    bounds = limits or Limits()
    metrics = Metrics()
    secret = relay.challenge_secret()
    inbox = Inbox(relay.submit_many, bounds.waiting)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await inbox.start()
        yield
        await inbox.stop()

    app = FastAPI(
        title="SDA relay",
        description="Stores contributions and serves the files of rounds. Nothing it says has to be believed.",
        lifespan=lifespan,
    )

    app.add_middleware(Guard, rate=Rate(bounds.per_minute), metrics=metrics, waiting=lambda: inbox.waiting)

    @app.exception_handler(RefusedError)
    async def refused(_: Request, error: RefusedError) -> Response:
        metrics.refused(error.reason)
        return problem(STATUS.get(error.reason, 409), error.reason, error.detail)

    @app.exception_handler(StorageError)
    async def not_stored(_: Request, error: StorageError) -> Response:
        return problem(503, "storage", "the database cannot be written or read now", 2)

    @app.exception_handler(UnreachableError)
    async def no_chain(_: Request, error: UnreachableError) -> Response:
        return problem(503, "chain", "the chain cannot be read now", 2)

    @app.exception_handler(RelayError)
    async def broken(_: Request, error: RelayError) -> Response:
        return problem(500, "relay", str(error))

    async def body_of(request: Request, most: int, seconds: int) -> bytes:
        """The body, read no further than it may be long, and no longer than it may take."""
        data = bytearray()
        try:
            async with asyncio.timeout(seconds):
                async for chunk in request.stream():
                    data += chunk
                    if len(data) > most:
                        raise RefusedError(Reason.TOO_LARGE, f"body: must be of {most} bytes at most")
        except TimeoutError:
            raise RefusedError(Reason.TOO_SLOW, f"body: must arrive within {seconds} s") from None
        return bytes(data)

    async def message(request: Request) -> bytes:
        return await body_of(request, bounds.message_bytes, bounds.message_seconds)

    Message = Annotated[bytes, Depends(message)]

    def developer(round_hash: RoundHash, request: Request) -> bytes:
        """The round's hash, if its developer asks."""
        view = relay.view(bytes.fromhex(round_hash))
        try:
            header = request.headers.get("Authorization", "")
            check_access(header, secret, domain, view.round_hash, view.developer, clock())
        except (MessageError, ProofError) as error:
            raise RefusedError(Reason.NOT_ALLOWED, str(error)) from error
        return view.round_hash

    Developers = Annotated[bytes, Depends(developer)]

    def page(start: int, stop: int) -> None:
        if not 0 <= stop - start <= bounds.page:
            raise RefusedError(Reason.NOT_FOUND, f"{start} to {stop}: must ascend, and be {bounds.page} at most")

    # ------------------------------------------------------------------ the service itself

    @app.get("/health", tags=["service"])
    def get_health() -> dict[str, Any]:
        """Whether the database answers, how many messages wait, and when the chain was last seen."""
        return {"enrolled": relay.enrolled(), "waiting": inbox.waiting, **health()}

    @app.get("/metrics", tags=["service"], response_class=Response)
    def get_metrics() -> Response:
        """For Prometheus."""
        return Response(metrics.page(), media_type=metrics.media_type)

    @app.get("/place", tags=["service"])
    def get_place() -> dict[str, Any]:
        """Which contract this relay serves."""
        return {"chain_id": domain.chain_id, "contract": "0x" + domain.contract.hex()}

    @app.get("/challenge", tags=["developer"], response_class=Response, responses=Binary)
    def get_challenge() -> Response:
        """What a developer signs to read its round's padded vectors."""
        return Response(make_challenge(secret, clock()), media_type=OCTETS, headers={"Cache-Control": "no-store"})

    # ------------------------------------------------------------------ contributors

    @app.post("/enrolments", tags=["contributor"], openapi_extra=_BODY)
    def post_enrolment(message: Message) -> dict[str, int]:
        """Add an enrolment to the list, which only grows."""
        return {"position": relay.enrol(message)}

    @app.get("/accounts/{account}/position", tags=["contributor"])
    def get_position(account: Annotated[str, Path(pattern=r"^[0-9a-f]{40}$")]) -> dict[str, int | None]:
        """Where an account is in the list; null if it is not."""
        return {"position": relay.position_of(bytes.fromhex(account))}

    @app.post("/contributions", tags=["contributor"], openapi_extra=_BODY)
    async def post_contribution(message: Message) -> Response:
        """Store a contribution; the answer comes once it is on disk. Sending it again is harmless."""
        try:
            outcome = await inbox.submit(message)
        except FullError:
            return problem(503, "busy", "too many contributions wait to be stored", 1)
        if isinstance(outcome, RefusedError):
            raise outcome
        return JSONResponse({"id": outcome.id.hex(), "position": outcome.position})

    @app.get("/rounds/{round_hash}/claims/{account}", tags=["contributor"], response_class=Response, responses=Binary)
    def get_claim(
        round_hash: RoundHash, account: Annotated[str, Path(pattern=r"^[0-9a-f]{40}$")], request: Request
    ) -> Response:
        """Where an account's leaf is in the tree."""
        proof = relay.claim_proof(bytes.fromhex(round_hash), bytes.fromhex(account))
        return cached(request, wire.encode_claim(proof), FOR_NOW)

    # ------------------------------------------------------------------ anyone

    @app.get("/enrolments/count", tags=["anyone"])
    def get_enrolled() -> dict[str, int]:
        """How many enrolments there are."""
        return {"count": relay.enrolled()}

    @app.get("/enrolments", tags=["anyone"], response_class=Response, responses=Binary)
    def get_enrolments(request: Request, start: Position, stop: Position) -> Response:
        """Enrolments start … stop-1, 198 bytes each. The list only grows: what was served once stays true."""
        page(start, stop)
        return cached(request, relay.enrolments(start, stop), FOR_EVER)

    @app.post("/rounds/{round_hash}/announce", tags=["anyone"])
    def post_announce(round_hash: RoundHash) -> dict[str, str]:
        """Say that a round was drawn, or has changed: the relay looks at the chain, and believes that alone."""
        refresh()
        return {"state": relay.view(bytes.fromhex(round_hash)).state.name.lower()}

    @app.get("/rounds/{round_hash}/count", tags=["anyone"])
    def get_count(round_hash: RoundHash, kind: Annotated[int, Query(ge=0, le=1)] = 0) -> dict[str, int]:
        """Contributions stored for a round: of contributors, or (1) the seats' noise."""
        return {"count": relay.count(bytes.fromhex(round_hash), Kind(kind))}

    @app.get("/rounds/{round_hash}/snapshot", tags=["clerk"], response_class=Response, responses=Binary)
    def get_snapshot(round_hash: RoundHash, request: Request) -> Response:
        """M(4) ‖ what is published as the snapshot, a draft until it is on chain."""
        job = relay.job(bytes.fromhex(round_hash), 0)
        data = job.enrolled.to_bytes(4, "big") + wire.encode_snapshot(job.snapshot)
        return cached(request, data, FOR_NOW)

    @app.get("/rounds/{round_hash}/roster", tags=["clerk"], response_class=Response, responses=Binary)
    def get_roster(round_hash: RoundHash, request: Request) -> Response:
        """The roster file."""
        return cached(request, relay.job(bytes.fromhex(round_hash), 0).roster, FOR_NOW)

    @app.get("/rounds/{round_hash}/corrections/{seat}", tags=["clerk"], response_class=Response, responses=Binary)
    def get_correction(round_hash: RoundHash, seat: Annotated[int, Path(ge=0, lt=64)], request: Request) -> Response:
        """The summed correction row of a late seat; empty for the others."""
        return cached(request, relay.job(bytes.fromhex(round_hash), seat).correction, FOR_NOW)

    @app.get("/rounds/{round_hash}/nodes/{level}/{index}", tags=["clerk"], response_class=Response, responses=Binary)
    def get_node(
        round_hash: RoundHash,
        level: Annotated[int, Path(ge=0, lt=64)],
        index: Annotated[int, Path(ge=0, lt=1 << 32)],
        request: Request,
    ) -> Response:
        """An inner node of the tree, opened."""
        return cached(request, wire.encode_opening(relay.opening(bytes.fromhex(round_hash), level, index)), FOR_NOW)

    @app.get("/rounds/{round_hash}/leaves", tags=["anyone"], response_class=Response, responses=Binary)
    def get_leaves(round_hash: RoundHash, request: Request, start: Position, stop: Position) -> Response:
        """The encoded leaves start … stop-1."""
        page(start, stop)
        return cached(request, relay.leaves(bytes.fromhex(round_hash), start, stop), FOR_NOW)

    @app.post("/reviews", tags=["clerk"], openapi_extra=_BODY)
    def post_review(message: Message) -> dict[str, bool]:
        """Store what a seat found in a draft."""
        relay.review(message)
        return {"stored": True}

    @app.get("/rounds/{round_hash}/reviews", tags=["clerk"], response_class=Response, responses=Binary)
    def get_reviews(round_hash: RoundHash) -> Response:
        """The seats' latest reviews."""
        return Response(wire.frame(relay.reviews(bytes.fromhex(round_hash))), media_type=OCTETS)

    @app.post("/rows", tags=["clerk"], openapi_extra=_BODY)
    def post_row(message: Message) -> dict[str, bool]:
        """Store the row of a seat of a wide round."""
        relay.serve_row(message)
        return {"stored": True}

    @app.get("/rounds/{round_hash}/rows/{seat}", tags=["anyone"], response_class=Response, responses=Binary)
    def get_row(round_hash: RoundHash, seat: Annotated[int, Path(ge=0, lt=64)], request: Request) -> Response:
        """The row that a seat of a wide round serves; empty if it serves none."""
        return cached(request, relay.row(bytes.fromhex(round_hash), seat), FOR_NOW)

    # ------------------------------------------------------------------ the developer only

    @app.post("/rounds/{round_hash}/close", tags=["developer"])
    def post_close(round_hash: Developers) -> dict[str, int]:
        """Take no more contributions."""
        return {"enrolled": relay.close_round(round_hash)}

    @app.get("/rounds/{round_hash}/contributions", tags=["developer"], response_class=Response, responses=Binary)
    def get_contributions(
        round_hash: Developers,
        kind: Annotated[int, Query(ge=0, le=1)],
        after: Annotated[int, Query(ge=-1, lt=1 << 32)],
        limit: Annotated[int, Query(ge=1)],
    ) -> Response:
        """Stored messages beyond a position, padded vectors included."""
        found = relay.contributions_after(round_hash, Kind(kind), after, min(limit, bounds.page))
        headers = {"Cache-Control": "no-store"}
        return Response(wire.frame(message for _, message in found), media_type=OCTETS, headers=headers)

    @app.put("/rounds/{round_hash}/publication", tags=["developer"], openapi_extra=_BODY)
    async def put_publication(round_hash: Developers, request: Request) -> dict[str, bool]:
        """Serve this snapshot and tree."""
        data = await body_of(request, bounds.publication_bytes, bounds.publication_seconds)
        try:
            publication = await run_in_threadpool(wire.decode_publication, data)
        except MessageError as error:
            raise RefusedError(Reason.MALFORMED, str(error)) from error
        await run_in_threadpool(relay.publish, round_hash, publication)
        return {"published": True}

    return app
