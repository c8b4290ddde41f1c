"""Agents: what each role does on a chain and at a relay, step by step.

The role files (`sda.contributor`, `sda.clerk`, `sda.developer`) compute; an agent reads the chain, asks the
relay, lets its role compute, writes down what must not be lost, and sends. The command line, the demo, the
Ape scripts and the tests all act through agents.
"""

from sda.agents.clerk import ClerkAgent
from sda.agents.contributor import ContributorAgent
from sda.agents.deeds import Deed
from sda.agents.developer import DeveloperAgent

__all__ = ["ClerkAgent", "ContributorAgent", "Deed", "DeveloperAgent"]
