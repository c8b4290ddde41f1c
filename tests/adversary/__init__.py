"""Every role played dishonestly against honest code on a real chain: who is blamed, and what it costs whom."""
