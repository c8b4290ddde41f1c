"""Flower's engine and ours together, in an environment of their own (make test-flower)."""
