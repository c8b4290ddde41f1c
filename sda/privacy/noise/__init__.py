"""Noise from the clerks: what one of them draws, how large it must be, what it promises (PROTOCOL §9, §11.13)."""
