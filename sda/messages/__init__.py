"""What contributors send, in its one canonical encoding, and the signatures on it (docs/FORMATS.md)."""

from sda.messages.account import AccountKey, recover
from sda.messages.contribution import Contribution, Kind, Leaf, contribution_size
from sda.messages.domain import Domain
from sda.messages.enrolment import ENROLMENT_BYTES, Enrolment
from sda.messages.review import Review
from sda.messages.row import ServedRow

__all__ = [
    "ENROLMENT_BYTES",
    "AccountKey",
    "Contribution",
    "Domain",
    "Enrolment",
    "Kind",
    "Leaf",
    "Review",
    "ServedRow",
    "contribution_size",
    "recover",
]
