"""A relay somewhere else, over HTTP: the one client of contributors, clerks and developers.

It tries again when the network or the relay fails, resumes downloads that were cut, reads no more than it asked
for, and takes nothing for true: what comes back is checked by whoever asked, against the chain.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator, Sequence
from random import SystemRandom
from typing import Any

import httpx

from sda.crypto.hashes import keccak
from sda.errors import MessageError, ParameterError, RelayError
from sda.messages import ENROLMENT_BYTES, AccountKey, Domain, Kind
from sda.messages.contribution import Header
from sda.relay import wire
from sda.relay.access import CHALLENGE_BYTES, VALID_SECONDS, answer_challenge
from sda.relay.interface import Job, Opening, Publication, Reason, Receipt, RefusedError
from sda.round import ClaimProof, RoundView

SCHEMES = ("http://", "https://")
_TRIES = 6
_FIRST_WAIT = 0.25
_LONGEST_WAIT = 8.0
_AGAIN = {429, 502, 503, 504}
_TIMEOUT = httpx.Timeout(30.0, connect=5.0)
_PAGE = 4096
_MESSAGES = 512
_MOST = 1 << 28
_MOST_REFUSED = 1 << 16
_LONGEST_ANSWER = 600.0
"""Seconds for everything: a relay that answers a byte at a time must not keep a clerk past its deadline."""
_RANDOM = SystemRandom()
"""Spreads the tries of many clients."""
_HEADERS = {"Content-Type": "application/octet-stream", "Accept-Encoding": "identity"}


class RelayUnreachableError(RelayError):
    """The relay does not answer; nothing is lost, run it again."""


class HttpRelay:
    """Implements `Relay`.

    Args:
        url: Of the relay, `https://…`; `http://` is for one's own machine, and what only the developer may read is
            masked in any case (PROTOCOL §11.10).
        domain: The rounds contract that it must serve.
        account: Of the developer, who alone may close, read contributions and publish.
        verify: The certificates to trust, if not the system's.
        tries: How often something is tried before it is given up.

    Attributes:
        bytes_down: Received so far, heads of the answers included.

    Raises:
        ParameterError: Not the URL of a relay.
    """

    def __init__(
        self,
        url: str,
        domain: Domain,
        account: AccountKey | None = None,
        *,
        verify: ssl.SSLContext | bool = True,
        tries: int = _TRIES,
    ) -> None:
        if not url.startswith(SCHEMES):
            raise ParameterError("relay", url, "a URL that starts with http:// or https://")
        self._url = url.rstrip("/")
        self._domain = domain
        self._account = account
        self._tries = tries
        self._http = httpx.Client(base_url=self._url, timeout=_TIMEOUT, verify=verify, follow_redirects=False)
        self._views: dict[bytes, RoundView] = {}
        self._challenge = b""
        self._challenged_at = float("-inf")
        self._checked = False
        self.bytes_down = 0

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __repr__(self) -> str:
        return f"HttpRelay({self._url})"

    # ------------------------------------------------------------------ contributors

    def enrol(self, message: bytes) -> int:
        """See `Relay.enrol`."""
        return self._integer(self._post("/enrolments", message), "position")

    def position_of(self, account: bytes) -> int | None:
        """See `Relay.position_of`."""
        answer = self._json(self._get(f"/accounts/{account.hex()}/position"))
        return None if answer.get("position") is None else self._integer(answer, "position")

    def submit(self, message: bytes) -> Receipt:
        """See `Relay.submit`."""
        answer = self._post("/contributions", message)
        receipt = Receipt(keccak(message), Header.decode(message).position)
        if answer != {"id": receipt.id.hex(), "position": receipt.position}:
            raise RelayError(f"{self._url}: answered a contribution with no receipt for it: {answer}")
        return receipt

    def submit_many(self, messages: Sequence[bytes]) -> list[Receipt | RefusedError]:
        """See `Relay.submit_many`: one after the other, each with its own answer."""
        answers: list[Receipt | RefusedError] = []
        for message in messages:
            try:
                answers.append(self.submit(message))
            except RefusedError as refusal:
                answers.append(refusal)
        return answers

    def claim_proof(self, round_hash: bytes, account: bytes) -> ClaimProof:
        """See `Relay.claim_proof`."""
        return wire.decode_claim(self._get(f"/rounds/{round_hash.hex()}/claims/{account.hex()}"))

    # ------------------------------------------------------------------ anyone

    def enrolled(self) -> int:
        """See `Relay.enrolled`."""
        return self._integer(self._json(self._get("/enrolments/count")), "count")

    def enrolments(self, start: int, stop: int) -> bytes:
        """See `Relay.enrolments`."""
        return b"".join(self._enrolments(first, min(first + _PAGE, stop)) for first in range(start, stop, _PAGE))

    def _enrolments(self, start: int, stop: int) -> bytes:
        data = self._get(f"/enrolments?start={start}&stop={stop}")
        if len(data) != ENROLMENT_BYTES * (stop - start):
            raise RelayError(f"{self._url}: answers enrolments {start} to {stop} with {len(data)} bytes")
        return data

    def open_round(self, view: RoundView) -> None:
        """See `Relay.open_round`; the relay is told to look at the chain, which it believes alone."""
        if view.domain != self._domain:
            raise RelayError(f"round {view.round_id}: is of another contract than {self._url} is asked for")
        known = self._views.get(view.round_hash)
        self._views[view.round_hash] = view
        if known is None or known.state is not view.state:
            self._post(f"/rounds/{view.round_hash.hex()}/announce", b"")

    def count(self, round_hash: bytes, kind: Kind = Kind.DATA) -> int:
        """See `Relay.count`."""
        return self._integer(self._json(self._get(f"/rounds/{round_hash.hex()}/count?kind={int(kind)}")), "count")

    def job(self, round_hash: bytes, seat: int) -> Job:
        """See `Relay.job`."""
        place = f"/rounds/{round_hash.hex()}"
        head = self._get(f"{place}/snapshot")
        snapshot = wire.decode_snapshot(head[4:])
        roster = self._get(f"{place}/roster")
        late = seat >= snapshot.seats - snapshot.late
        correction = self._get(f"{place}/corrections/{seat}") if late else b""
        return Job(snapshot, int.from_bytes(head[:4], "big"), roster, correction)

    def opening(self, round_hash: bytes, level: int, index: int) -> Opening:
        """See `Relay.opening`."""
        data = self._get(f"/rounds/{round_hash.hex()}/nodes/{level}/{index}")
        return wire.decode_opening(data, self._view(round_hash).parameters)

    def leaves(self, round_hash: bytes, start: int, stop: int) -> bytes:
        """See `Relay.leaves`."""
        place = f"/rounds/{round_hash.hex()}/leaves"
        pages = range(start, max(stop, start + 1), _PAGE)
        return b"".join(self._get(f"{place}?start={first}&stop={min(first + _PAGE, stop)}") for first in pages)

    # ------------------------------------------------------------------ clerks, on a draft

    def review(self, message: bytes) -> None:
        """See `Relay.review`."""
        self._post("/reviews", message)

    def reviews(self, round_hash: bytes) -> list[bytes]:
        """See `Relay.reviews`."""
        return wire.unframe(self._get(f"/rounds/{round_hash.hex()}/reviews"))

    # ------------------------------------------------------------------ clerks, in a wide round

    def serve_row(self, message: bytes) -> None:
        """See `Relay.serve_row`."""
        self._post("/rows", message)

    def row(self, round_hash: bytes, seat: int) -> bytes:
        """See `Relay.row`."""
        return self._get(f"/rounds/{round_hash.hex()}/rows/{seat}")

    # ------------------------------------------------------------------ the developer only

    def close_round(self, round_hash: bytes) -> int:
        """See `Relay.close_round`."""
        return self._integer(self._post(f"/rounds/{round_hash.hex()}/close", b"", self._access(round_hash)), "enrolled")

    def contributions(self, round_hash: bytes) -> Iterator[bytes]:
        """See `Relay.contributions`: a page at a time."""
        place = f"/rounds/{round_hash.hex()}/contributions"
        for kind in (Kind.NOISE, Kind.DATA):
            after = -1
            while True:
                query = f"?kind={int(kind)}&after={after}&limit={_MESSAGES}"
                page = wire.unframe(self._get(place + query, self._access(round_hash)))
                yield from page
                if not page:
                    break
                last = Header.decode(page[-1]).position
                if last <= after:
                    raise RelayError(f"{self._url}: serves contributions out of order")
                after = last

    def publish(self, round_hash: bytes, publication: Publication) -> None:
        """See `Relay.publish`."""
        data = wire.encode_publication(publication)
        self._ask("PUT", f"/rounds/{round_hash.hex()}/publication", data, self._access(round_hash))

    def _access(self, round_hash: bytes) -> dict[str, str]:
        """The header that shows the developer; the challenge is asked for again before it expires."""
        if self._account is None:
            raise RefusedError(Reason.NOT_ALLOWED, "the developer's account is needed")
        if time.monotonic() > self._challenged_at + VALID_SECONDS / 2:
            self._challenge, self._challenged_at = self._get("/challenge"), time.monotonic()
            if len(self._challenge) != CHALLENGE_BYTES:
                raise RelayError(f"{self._url}: its challenge is of {len(self._challenge)} bytes")
        return {"Authorization": answer_challenge(self._domain, self._account, round_hash, self._challenge)}

    # ------------------------------------------------------------------ requests

    def _view(self, round_hash: bytes) -> RoundView:
        view = self._views.get(round_hash)
        if view is None:
            raise RefusedError(Reason.UNKNOWN_ROUND, f"round {round_hash.hex()} was not opened")
        return view

    def _get(self, path: str, headers: dict[str, str] | None = None) -> bytes:
        return self._ask("GET", path, None, headers)

    def _post(self, path: str, body: bytes, headers: dict[str, str] | None = None) -> dict[str, Any]:
        return self._json(self._ask("POST", path, body, headers))

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str] | None) -> bytes:
        """The body of a good answer; a refusal is raised, anything else is tried again."""
        self._check_place()
        return self._persist(method, path, body, headers or {})

    def _persist(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> bytes:
        download = _Download(time.monotonic() + _LONGEST_ANSWER)
        wait, trouble, failures = _FIRST_WAIT, "", 0
        while failures < self._tries and time.monotonic() < download.until:
            if failures:
                time.sleep(wait)
            had, after = len(download.data), 0.0
            try:
                status, refusal, after = self._once(method, path, body, headers, download)
                if 200 <= status < 300:
                    return bytes(download.data)
                if status not in _AGAIN:
                    raise self._refusal(status, refusal)
                trouble = f"HTTP {status}"
            except httpx.HTTPError as error:
                trouble = str(error) or type(error).__name__
            failures = 1 if len(download.data) > had else failures + 1
            wait = max(after, _RANDOM.uniform(0.5, 1.0) * min(_FIRST_WAIT * 2**failures, _LONGEST_WAIT))
        raise RelayUnreachableError(f"{self._url}: does not answer after {failures} tries ({trouble})")

    def _once(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str], download: _Download
    ) -> tuple[int, bytes, float]:
        """Status, the body unless it is a good answer's, and after how many seconds to come back."""
        with self._http.stream(method, path, content=body, headers=_HEADERS | headers | download.headers) as answer:
            self.bytes_down += sum(len(name) + len(value) + 4 for name, value in answer.headers.raw)
            good = 200 <= answer.status_code < 300
            if good:
                download.begin(answer)
            data, most = (download.data, _MOST) if good else (bytearray(), _MOST_REFUSED)
            for chunk in answer.iter_raw():
                data += chunk
                self.bytes_down += len(chunk)
                if len(data) > most:
                    raise RelayError(f"{self._url}: answers with more than {most} bytes")
                if time.monotonic() > download.until:
                    raise RelayUnreachableError(f"{self._url}: has not answered within {_LONGEST_ANSWER:.0f} s")
            return answer.status_code, bytes(data), _seconds(answer.headers.get("Retry-After", ""))

    def _check_place(self) -> None:
        """Once: the relay serves this contract, and no other."""
        if self._checked:
            return
        place = self._json(self._persist("GET", "/place", None, {}))
        wanted = {"chain_id": self._domain.chain_id, "contract": "0x" + self._domain.contract.hex()}
        if place != wanted:
            raise RelayError(f"{self._url}: serves {place}, must serve {wanted}")
        self._checked = True

    def _refusal(self, status: int, body: bytes) -> RelayError:
        try:
            answer = json.loads(body)
            return RefusedError(Reason(answer["reason"]), str(answer["detail"]))
        except (ValueError, KeyError, TypeError, RecursionError):
            return RelayError(f"{self._url}: answered HTTP {status}: {body[:200].decode('utf-8', 'replace')}")

    def _json(self, body: bytes) -> dict[str, Any]:
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise RelayError(f"{self._url}: answers with what is no JSON") from error
        if not isinstance(answer, dict):
            raise RelayError(f"{self._url}: answers with what is no JSON object")
        return answer

    def _integer(self, answer: dict[str, Any], name: str) -> int:
        value = answer.get(name)
        if type(value) is not int or not 0 <= value < 1 << 32:  # true would be an int
            raise RelayError(f"{self._url}: answers {name} = {value!r}, must be an integer in [0, 2^32)")
        return value


class _Download:
    """What has arrived of an answer, so that a cut download goes on where it stopped."""

    def __init__(self, until: float) -> None:
        self.until = until
        self.data = bytearray()
        self._tag = ""

    @property
    def headers(self) -> dict[str, str]:
        """Of the next try."""
        if not (self.data and self._tag):
            return {}
        return {"Range": f"bytes={len(self.data)}-", "If-Range": self._tag}

    def begin(self, answer: httpx.Response) -> None:
        """Keep what is there if this answer goes on from it."""
        expected = f"bytes {len(self.data)}-"
        goes_on = answer.status_code == 206 and answer.headers.get("Content-Range", "").startswith(expected)
        if not (goes_on and answer.headers.get("ETag") == self._tag):
            self.data.clear()
            if answer.status_code == 206:
                raise MessageError("relay: goes on from where nobody asked it to")
        self._tag = answer.headers.get("ETag", "")


def _seconds(text: str) -> float:
    return min(float(text), _LONGEST_WAIT) if text.isascii() and text.isdigit() else 0.0
