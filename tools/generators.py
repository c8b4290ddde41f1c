"""Write tests/vectors/generators.json: the points H_0 … H_63, and the hash of the code they are deployed as.

    python -m tools.generators

The hash is the constant in contracts/libraries/Generators.sol. A second run changes nothing.
"""

from __future__ import annotations

import json

from sda.crypto.curve import MAXIMUM_GENERATORS, generators, to_bytes128
from sda.crypto.hashes import keccak
from tools.vectors import FOLDER


def main() -> None:
    """Write the file."""
    points = [to_bytes128(point) for point in generators(MAXIMUM_GENERATORS)]
    code = b"\0" + b"".join(points)
    content = {"points": ["0x" + point.hex() for point in points], "codeHash": "0x" + keccak(code).hex()}
    (FOLDER / "generators.json").write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
