"""The way to a node, which a test can break: a real HTTP server that passes requests on until it hangs up."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Gate:
    """Set `closes_at` to a JSON-RPC method: from the first such request on, nothing is answered any more.

    Attributes:
        url: What commands get as the node's.
        closes_at: Empty leaves it open.
        closed: Whether it has happened; set it back to False to open the gate again.
    """

    def __init__(self, url: str, port: int) -> None:
        self.node = url
        self.url = f"http://127.0.0.1:{port}"
        self.closes_at = ""
        self.closed = False

    def passes(self, method: str) -> bool:
        """Whether a request is let through."""
        self.closed = self.closed or method == self.closes_at
        return not self.closed

    def open(self) -> None:
        """The node is there again."""
        self.closes_at, self.closed = "", False


@contextmanager
def gate_to(url: str) -> Iterator[Gate]:
    """An open gate to the node at `url`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if not gate.passes(json.loads(body)["method"]):
                self.close_connection = True
                return
            request = urllib.request.Request(gate.node, body, {"Content-Type": "application/json"})
            with urllib.request.urlopen(request) as response:
                content = response.read()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    gate = Gate(url, server.server_port)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield gate
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
