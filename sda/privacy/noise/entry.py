"""The one place where the clerks' noise enters a round.

Rounds on chain do not carry noise leaves yet. So a round is requested without them (`round_terms`), and each seat's
vector is drawn and added to the revealed sum (`noisy_sum`), as it will be when the vectors come in leaves: the same
draws, the same accounting, the same results; but whoever runs this sees sum and noise apart. With leaves,
`round_terms` is `Plan.terms`, each clerk sends `NoiseBook.vector`, and the revealed sum has the noise in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sda.privacy.plan import Plan
from sda.round import Terms


def round_terms(plan: Plan, **agreed: Any) -> Terms:
    """What is requested on chain: the plan's terms without the noise, its slots and its silent seats."""
    bare = replace(plan.parameters, noise_bound=0)
    return Terms.for_parameters(bare, query=plan.query.word, **agreed)


def noisy_sum(plan: Plan, sums: Sequence[int], seats: int) -> list[int]:
    """The revealed sum with the noise of so many seats."""
    vectors = [plan.noise.draw(plan.layout.length, plan.noise_bound) for _ in range(seats)]
    return [sum(column) for column in zip(sums, *vectors, strict=True)]
