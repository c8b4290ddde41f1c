"""One connection to the service: strangers cannot make it hold, or wait for, more than is bounded here.

Bodies are bounded where they are read (`app`); this is for everything else: heads and trailers, senders and readers
that never come to an end.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class Connection(HttpToolsProtocol):
    """uvicorn's, with bounds.

    Attributes:
        beside_bytes: Of a request, all but its body.
        arrival_seconds: For the head of a request, the first from the beginning of the connection on; and for what
            is left of it once it is answered.
        answer_seconds: For an answer to be taken, once the whole request is there.
    """

    beside_bytes = 1 << 20
    arrival_seconds = 30.0
    answer_seconds = 600.0

    _alarm: asyncio.TimerHandle | None = None
    _arrived = False
    _beside = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """See `asyncio.Protocol`."""
        super().connection_made(transport)
        self._expect(self.arrival_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._expect(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        super().data_received(data)
        self._beside += len(data)
        if self._beside > self.beside_bytes and not self.transport.is_closing():
            self.send_400_response(f"A request has at most {self.beside_bytes} bytes beside its body.")

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._arrived = False
        self._expect(self.arrival_seconds)

    def on_headers_complete(self) -> None:
        """Its head has arrived; whoever reads the body knows how long to wait for that."""
        self._expect(None)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of its body came."""
        self._beside -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """It has arrived."""
        super().on_message_complete()
        self._arrived, self._beside = True, 0
        self._expect(None if self.cycle.response_complete else self.answer_seconds)

    def on_response_complete(self) -> None:
        """It is answered: from here on uvicorn counts how long the connection is idle."""
        self._expect(None if self._arrived else self.arrival_seconds)
        super().on_response_complete()

    def _expect(self, seconds: float | None) -> None:
        """End the connection if nothing else is expected within so many seconds; None expects nothing."""
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = None if seconds is None else self.loop.call_later(seconds, self.transport.abort)
