"""Write tests/vectors/headers.json: block headers of a real Anvil chain, with their hashes and RANDAO values.

    python -m tools.headers

Every run makes another chain, so other headers; the parts of a block belong together by their place.
"""

from __future__ import annotations

import json

from sda.chain.client import Chain
from sda.chain.header import header_of
from sda.chain.node import Anvil
from sda.crypto.hashes import keccak
from tools.vectors import FOLDER

NUMBERS = (1, 2, 200)


def main() -> None:
    """Write the file."""
    with Anvil() as node:
        node.mine(max(NUMBERS))
        chain = Chain(node.url)
        headers = [header_of(chain, number) for number in NUMBERS]
        values = [bytes(chain.web3.eth.get_block(number)["mixHash"]) for number in NUMBERS]
    content = {
        "numbers": list(NUMBERS),
        "headers": ["0x" + header.hex() for header in headers],
        "hashes": ["0x" + keccak(header).hex() for header in headers],
        "values": ["0x" + value.hex() for value in values],
    }
    (FOLDER / "headers.json").write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
