"""Whole rounds on a real chain, honest and not."""
