"""The relay: takes contributions at its door, keeps them, and serves files that everybody checks.

`Relay` is the interface; `LocalRelay` keeps everything in one SQLite file. Nothing a relay serves is
believed: clerks, contributors and auditors hash it up to what stands on the chain.
"""

from sda.relay.interface import Job, Opening, Publication, Reason, Receipt, RefusedError, Relay, Standing
from sda.relay.local import LocalRelay

__all__ = [
    "Job",
    "LocalRelay",
    "Opening",
    "Publication",
    "Reason",
    "Receipt",
    "RefusedError",
    "Relay",
    "Standing",
]
