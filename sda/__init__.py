"""Sums of private vectors, computed by staked clerks, checked by a contract and paid for."""

__version__ = "0.1.0"
