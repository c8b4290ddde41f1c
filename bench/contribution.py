"""A contributor's cost: 100 one-bit events, n=26, t=8, k=10, up to 250,000 contributors."""

from __future__ import annotations

import secrets

from bench.result import Result, seconds
from sda.contributor import ContributorKey, contribute
from sda.crypto.keys import SecretKey
from sda.keys import Identity
from sda.messages import AccountKey
from sda.params import EVENTS_250K
from tests.world import CHAIN_ID, CONTRACT, make_clerks, make_terms, make_view

COMMAND = "python -m bench contribution"
SECAGG = "Flower SecAgg+ on the same work: 212 ms, 22 kB up and 34 kB down in four round trips"
RUNS = 50


def measure() -> list[Result]:
    """First contribution to a committee (27 fresh shared points), and a later one (all cached)."""
    developer, developer_secret = AccountKey.generate(), SecretKey.generate()
    clerks = make_clerks(EVENTS_250K.n)
    view = make_view(make_terms(EVENTS_250K), clerks, developer, developer_secret)
    vector = [secrets.randbelow(2) for _ in range(EVENTS_250K.length)]
    identity = Identity.generate()
    secret = identity.key(CHAIN_ID, CONTRACT)
    known = ContributorKey(identity.account, secret)

    def send(key: ContributorKey) -> bytes:
        nonce = secrets.token_bytes(4)
        return contribute(view, key, 0, vector, identity.account.address, nonce).encode()

    first = seconds(lambda: send(ContributorKey(identity.account, secret)), RUNS)
    later = seconds(lambda: send(known), RUNS)
    what = "n=26, t=8, k=10, 100 one-bit events"
    return [
        Result("contribution_ms", round(1000 * first, 2), "ms", f"{what}; {SECAGG}", "≤ 10, better < 5", COMMAND),
        Result(
            "contribution_cached_ms", round(1000 * later, 2), "ms", f"{what}, clerks met before; {SECAGG}", "", COMMAND
        ),
        Result("contribution_bytes", len(send(known)), "bytes", f"{what}; {SECAGG}", "≤ 2,000", COMMAND),
    ]
