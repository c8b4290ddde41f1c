"""One MPyC party: adds up the shares in a file, opens the sum with the others, prints what it took.

python -m bench.side_by_side.mpyc_party -M 26 -T 8 -B 20000 -I 0 … FILE LENGTH
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

# Reads the options that begin with a dash, and leaves FILE and LENGTH.
from mpyc.runtime import mpc

PRIME = 2**31 - 1


async def main(file: str, length: str) -> None:
    """Load, sum, open."""
    secure = mpc.SecFld(PRIME)
    data = Path(file).read_bytes()
    await mpc.start()
    began = time.process_time()
    shares = np.array(secure.field.from_bytes(data), dtype=object).reshape(-1, int(length))
    total = mpc.np_sum(secure.array(secure.field.array(shares)), axis=0)
    sums = await mpc.output(total)
    seconds = time.process_time() - began
    sent = sum(peer.protocol.nbytes_sent for peer in mpc.parties if peer.pid != mpc.pid)
    await mpc.shutdown()
    print(json.dumps({"sums": [int(each) for each in sums], "sent": sent, "seconds": seconds}))


mpc.run(main(*sys.argv[1:]))
