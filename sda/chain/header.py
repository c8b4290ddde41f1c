"""A block's header as its hash was made: what proves the RANDAO value of a seed block on chain (PROTOCOL §8).

Forks append fields to the header: whichever are present go in, and the result must hash to the block's hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import rlp
from eth_typing import BlockNumber

from sda.chain.client import Chain, sensible_answers
from sda.crypto.hashes import keccak
from sda.errors import ChainError

# In the order of the header; a fork adds at the end.
_FIELDS = (
    "parentHash",
    "sha3Uncles",
    "miner",
    "stateRoot",
    "transactionsRoot",
    "receiptsRoot",
    "logsBloom",
    "difficulty",
    "number",
    "gasLimit",
    "gasUsed",
    "timestamp",
    "extraData",
    "mixHash",
    "nonce",
    "baseFeePerGas",  # London
    "withdrawalsRoot",  # Shanghai
    "blobGasUsed",  # Cancun
    "excessBlobGas",
    "parentBeaconBlockRoot",
    "requestsHash",  # Prague
    "blockAccessListHash",  # Amsterdam
    "slotNumber",
)
_NOT_IN_HEADER = {"hash", "size", "uncles", "transactions", "withdrawals", "totalDifficulty"}


def encode_header(block: Mapping[str, Any]) -> bytes:
    """The RLP encoding of a block's header.

    Args:
        block: As web3 gives it.

    Raises:
        ChainError: It does not hash to the block's hash: the node lies, or the header has fields that this
            version does not know.
    """
    with sensible_answers():
        encoded = bytes(rlp.encode([_encoded(block[name]) for name in _FIELDS if block.get(name) is not None]))
        expected = bytes(block["hash"])
    if keccak(encoded) != expected:
        unknown = ", ".join(sorted(block.keys() - {*_FIELDS, *_NOT_IN_HEADER})) or "none"
        raise ChainError(
            f"block {block['number']}: its header does not hash to 0x{expected.hex()};"
            f" fields this version does not know: {unknown}"
        )
    return encoded


def _encoded(value: Any) -> bytes:
    if isinstance(value, int):
        return value.to_bytes((value.bit_length() + 7) // 8, "big")
    # web3 gives hashes as bytes; addresses, and fields it does not know, as text.
    return bytes.fromhex(value.removeprefix("0x")) if isinstance(value, str) else bytes(value)


def header_of(chain: Chain, number: int) -> bytes:
    """The encoded header of a mined block: the evidence that `IRandomness.valueAt` takes.

    Raises:
        ChainError: The block is not mined yet, or its header cannot be encoded.
    """
    newest = chain.block_number()
    if number > newest:
        raise ChainError(f"block {number}: is not mined yet, the newest is {newest}")
    with sensible_answers():
        block = dict(chain.web3.eth.get_block(BlockNumber(number)))
    return encode_header(block)
