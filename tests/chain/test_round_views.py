"""A round as its roles see it, through nodes that agree and nodes that lie about it (PROTOCOL §11.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eth_abi.abi import decode, encode

from sda.chain.client import Chain
from sda.chain.contracts import Contracts
from sda.contributor import Minima, Pinned, check_round
from sda.crypto.curve import to_bytes128
from sda.crypto.hashes import keccak
from sda.crypto.keys import SecretKey
from sda.errors import ChainError, ProofError
from sda.round import State, Terms
from tests.chain.proxy import hostile_node
from tests.chain.stage import Stage


def test_two_nodes_that_agree(collecting: Stage) -> None:
    chain = collecting.contracts.chain
    both = Contracts.of(Chain(chain.urls[0], chain.urls[0]), collecting.contracts.deployment)
    view = both.rounds.view(0)
    assert view == collecting.view()
    assert both.rounds.committee(0) == view.seats
    assert [seat.operator for seat in view.seats] == [collecting.account(seat).address for seat in view.seats]
    check_round(view, Pinned(view.chain_id, both.rounds.address), Minima(5, 2, 3), chain.now())


def selector(signature: str) -> str:
    """The first four bytes of a call, as in a request."""
    return "0x" + keccak(signature.encode())[:4].hex()


def lie_about(signature: str, types: list[str], lie: Any) -> Any:
    """A change for `hostile_node`: another answer to one view."""

    def change(request: dict[str, Any], answer: dict[str, Any]) -> Any:
        if request["method"] != "eth_call":
            return answer
        call = request["params"][0]
        if not str(call.get("data", call.get("input"))).startswith(selector(signature)):
            return answer
        values = decode(types, bytes.fromhex(answer["result"][2:]))
        return {**answer, "result": "0x" + encode(types, lie(values)).hex()}

    return change


def with_other_minimum(values: tuple[Any, ...]) -> list[Any]:
    """Terms with another minimum of contributors."""
    terms = Terms(*values[0])
    return [replace(terms, minimum=1).values]


def in_other_order(values: tuple[Any, ...]) -> list[Any]:
    """The committee, reversed."""
    return [list(reversed(values[0]))]


LIES = [
    ("terms(uint256)", [Terms.ABI], with_other_minimum),
    ("seats(uint256)", ["uint32[]"], in_other_order),
]


@pytest.mark.parametrize(("signature", "types", "lie"), LIES, ids=["terms", "seats"])
def test_a_second_node_that_lies(collecting: Stage, signature: str, types: list[str], lie: Any) -> None:
    chain = collecting.contracts.chain
    with hostile_node(chain.urls[0], lie_about(signature, types, lie)) as url:
        both = Contracts.of(Chain(chain.urls[0], url), collecting.contracts.deployment)
        name = signature.split("(")[0]
        with pytest.raises(ChainError, match=rf"disagree about Rounds\.{name}"):
            both.rounds.view(0)


@pytest.mark.parametrize(("signature", "types", "lie"), LIES, ids=["terms", "seats"])
def test_the_only_node_lies_but_not_about_the_round_hash(
    collecting: Stage, signature: str, types: list[str], lie: Any
) -> None:
    chain = collecting.contracts.chain
    with hostile_node(chain.urls[0], lie_about(signature, types, lie)) as url:
        alone = Contracts.of(Chain(url), collecting.contracts.deployment)
        with pytest.raises(ProofError, match="do not hash to its round hash"):
            alone.rounds.view(0)


def test_a_node_that_puts_its_own_key_into_an_event(collecting: Stage) -> None:
    """The attack of PROTOCOL §11.2: whoever believes it opens its pads to the liar."""
    chain = collecting.contracts.chain
    key = to_bytes128(SecretKey.generate().public.point)

    def change(request: dict[str, Any], answer: dict[str, Any]) -> Any:
        if request["method"] == "eth_getLogs":
            for log in answer["result"]:
                if len(log["data"]) == 2 + 2 * len(key):
                    log["data"] = "0x" + key.hex()
        return answer

    with hostile_node(chain.urls[0], change) as url:
        alone = Contracts.of(Chain(url), collecting.contracts.deployment)
        with pytest.raises(ProofError, match="do not hash to its round hash"):
            alone.rounds.view(0)


def test_a_node_that_shows_another_snapshot(answering: Stage) -> None:
    chain = answering.contracts.chain

    def change(request: dict[str, Any], answer: dict[str, Any]) -> Any:
        if request["method"] == "eth_getTransactionByHash":
            sent = answer["result"]["input"]
            # The left child is the first word of the struct, two words after the selector.
            start = 2 + 8 + 128
            answer["result"]["input"] = sent[:start] + "11" * 32 + sent[start + 64 :]
        return answer

    with hostile_node(chain.urls[0], change) as url:
        alone = Contracts.of(Chain(url), answering.contracts.deployment)
        with pytest.raises(ChainError, match="does not hold what was accepted"):
            alone.rounds.published_snapshot(0)


def test_an_unknown_round(stage: Stage) -> None:
    assert stage.rounds.state(99) is State.NONE
    with pytest.raises(ChainError, match="round 99"):
        stage.rounds.view(99)
