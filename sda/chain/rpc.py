"""JSON-RPC to one node. Everything that goes wrong on the way leaves here as one of our errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlsplit

import requests
from web3 import HTTPProvider, Web3
from web3.types import RPCEndpoint, RPCResponse

from sda.chain.reverts import decode_revert
from sda.errors import ChainError, UnreachableError

TIMEOUT_SECONDS = 30.0


def shown(url: str) -> str:
    """A node's address without user, password, path and query, in which providers put access keys."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}"


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # the port is no number
        return False


class NodeProvider(HTTPProvider):
    """web3's provider, but raising `UnreachableError`, `ContractError` and `ChainError` without secrets."""

    def __init__(self, url: str, timeout: float = TIMEOUT_SECONDS) -> None:
        if not _is_address(url):
            raise ChainError("node address: must be http://host:port or https://host/…")
        super().__init__(url, request_kwargs={"timeout": timeout}, exception_retry_configuration=None)
        self.shown = shown(url)

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """One request.

        Raises:
            UnreachableError: No answer.
            ContractError: A contract refused.
            ChainError: The node refused, or its answer makes no sense.
        """
        try:
            response = super().make_request(method, params)
        except (requests.ConnectionError, requests.Timeout):
            raise UnreachableError(f"the node at {self.shown} does not answer; the command can be run again") from None
        except requests.RequestException as error:
            status = getattr(error.response, "status_code", "no status")
            raise UnreachableError(
                f"the node at {self.shown} answers with an error ({status}); the command can be run again"
            ) from None
        except ValueError:
            raise ChainError(f"the node at {self.shown} does not answer in JSON-RPC") from None
        if not isinstance(response, dict) or not ("result" in response or "error" in response):
            raise ChainError(f"the node at {self.shown} does not answer in JSON-RPC")
        if refusal := response.get("error"):
            raise self._refusal(refusal)
        return response

    def _refusal(self, error: object) -> ChainError:
        if not isinstance(error, Mapping):
            return ChainError(f"the node at {self.shown} refused: {error}")
        return decode_revert(_revert_data(error)) or ChainError(
            f"the node at {self.shown} refused: {str(error.get('message'))[:300]}"
        )


def _revert_data(error: Mapping[str, Any]) -> bytes:
    """The bytes a contract reverted with; nodes put them into `data`, or one level deeper."""
    data = error.get("data")
    if isinstance(data, Mapping):
        data = data.get("data")
    try:
        return bytes.fromhex(data.removeprefix("0x")) if isinstance(data, str) else b""
    except ValueError:
        return b""


def connect(url: str, timeout: float = TIMEOUT_SECONDS) -> Web3:
    """web3 on one node. No request is made yet."""
    return Web3(NodeProvider(url, timeout), middleware=[])


def request(url: str, method: str, params: list[Any]) -> Any:
    """The result of one JSON-RPC request."""
    return cast(Any, NodeProvider(url).make_request(RPCEndpoint(method), params)["result"])
