"""A clerk's cost per contributor, beside opening one sealed box per contributor as the 2017 system did."""

from __future__ import annotations

import tempfile
from pathlib import Path

from nacl.public import PrivateKey, SealedBox

from bench.result import Result, seconds
from sda.crypto.seeds import SeedPrefix, sum_rows
from sda.crypto.tags import Tag
from sda.pairs import Pairs
from sda.params import Parameters
from tests.world import World

COMMAND = "python -m bench clerk"
CONTRIBUTORS = 2000
PARAMETERS = Parameters(n=26, t=8, k=4, length=100, bits=1, maximum=250_000)
"""m = 3: eight elements in two columns and the blinding one."""
SEALED_BYTES = 3 * 32


def measure() -> list[Result]:
    """A whole job (download, every check, sum, opening of the commitment) with the shared points cached, and the
    expansion and sum alone."""
    assert PARAMETERS.row_length == 3
    with tempfile.TemporaryDirectory() as directory:
        world = World(Path(directory), PARAMETERS, contributors=CONTRIBUTORS)
        world.contribute_all()
        world.close()
        pairs = Pairs(world.clerks[0].secret)
        world.answer(0, pairs)
        job = seconds(lambda: world.answer(0, pairs), 7) / CONTRIBUTORS
        nonces = [world.messages[party.key.account.address].leaf.nonce for party in world.contributors]
        entries = pairs.entries([party.position for party in world.contributors], nonces)
        prefix = SeedPrefix(Tag.PAD, world.view.round_hash, 0)
        rows = seconds(lambda: sum_rows(prefix, entries, 3), 7) / CONTRIBUTORS
    box = _sealed_box()
    beside = f"sealed_box_us of the same run: {1e6 * box:.1f}, {box / job:.0f} times as much"
    return [
        Result("clerk_us_per_contributor", round(1e6 * job, 2), "µs", beside, "≤ 6, a tenth of a sealed box", COMMAND),
        Result("clerk_rows_us_per_contributor", round(1e6 * rows, 2), "µs", "the expansion and sum alone", "", COMMAND),
        Result("sealed_box_us", round(1e6 * box, 2), "µs", f"PyNaCl, {SEALED_BYTES} bytes in each", "", COMMAND),
        Result("clerk_speed_ratio", round(box / job, 1), "times", "sealed_box_us / clerk_us", "≥ 10", COMMAND),
    ]


def _sealed_box() -> float:
    key = PrivateKey.generate()
    boxes = [SealedBox(key.public_key).encrypt(bytes(SEALED_BYTES)) for _ in range(CONTRIBUTORS)]
    opener = SealedBox(key)
    return seconds(lambda: [opener.decrypt(box) for box in boxes], 5) / CONTRIBUTORS
