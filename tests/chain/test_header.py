"""Headers as evidence: what hashes to the block's hash here gives the RANDAO value on chain."""

from __future__ import annotations

from typing import Any

import pytest

from sda.chain.client import Chain
from sda.chain.contract import Contract
from sda.chain.deploy import Deployment
from sda.chain.header import encode_header, header_of
from sda.chain.node import Anvil
from sda.crypto.hashes import keccak
from sda.errors import ChainError, ContractError
from tests.chain.proxy import hostile_node


@pytest.fixture
def beacon(chain: Chain, deployment: Deployment) -> Contract:
    """The RANDAO beacon."""
    return Contract(chain, "RandaoBeacon", deployment.randomness)


def test_the_header_proves_the_value_on_chain(beacon: Contract, chain: Chain, node: Anvil) -> None:
    node.mine(300)
    for number in (1, chain.block_number() - 257, chain.block_number() - 1):
        header = header_of(chain, number)
        block = chain.web3.eth.get_block(number)
        assert keccak(header) == bytes(block["hash"])
        # Hashes beyond the last 256 come from EIP-2935's history.
        assert bytes(beacon.call("valueAt", number, header)) == bytes(block["mixHash"])


def test_a_changed_header_is_refused(beacon: Contract, chain: Chain, node: Anvil) -> None:
    node.mine(3)
    header = bytearray(header_of(chain, 2))
    header[-1] ^= 1
    with pytest.raises(ContractError) as caught:
        beacon.call("valueAt", 2, bytes(header))
    assert caught.value.name == "WrongHeader"
    assert caught.value.values["blockNumber"] == 2
    assert caught.value.values["given"] == "0x" + keccak(bytes(header)).hex()


def test_the_header_of_another_block_is_refused(beacon: Contract, chain: Chain, node: Anvil) -> None:
    node.mine(3)
    with pytest.raises(ContractError) as caught:
        beacon.call("valueAt", 2, header_of(chain, 1))
    assert caught.value.name == "WrongHeader"


def test_a_block_that_is_not_mined_has_no_value(beacon: Contract, chain: Chain) -> None:
    number = chain.block_number() + 1
    with pytest.raises(ChainError, match=f"block {number}: is not mined yet, the newest is {number - 1}"):
        header_of(chain, number)
    with pytest.raises(ContractError) as caught:
        beacon.call("valueAt", number, b"")
    assert caught.value.name == "BlockNotMined"


def test_a_block_with_a_transaction(chain: Chain, deployment: Deployment) -> None:
    block = chain.web3.eth.get_block(deployment.block)
    assert block["gasUsed"] > 0
    assert keccak(header_of(chain, deployment.block)) == bytes(block["hash"])


@pytest.mark.parametrize("field", ["mixHash", "stateRoot", "gasUsed", "parentBeaconBlockRoot"])
def test_a_node_that_lies_about_a_field_is_found_out(field: str, chain: Chain) -> None:
    def lie(asked: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        if asked["method"] != "eth_getBlockByNumber":
            return answer
        told = answer["result"][field]
        return {
            **answer,
            "result": {**answer["result"], field: told[:-1] + ("1" if told[-1] == "0" else "0")},
        }

    with hostile_node(chain.urls[0], lie) as url, pytest.raises(ChainError, match="does not hash to"):
        header_of(Chain(url), 1)


def test_header_fields_of_a_later_fork_are_named(chain: Chain) -> None:
    block = {**chain.web3.eth.get_block(1), "stateRoot": bytes(32), "surpriseRoot": bytes(32)}
    with pytest.raises(ChainError, match="fields this version does not know: surpriseRoot"):
        encode_header(block)
