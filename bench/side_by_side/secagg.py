"""Flower's SecAgg+, two sizes of neighbourhood. What runs is in `secagg_grid.py`."""

from __future__ import annotations

from functools import partial

from bench.side_by_side.report import Report, System, Vectors


def run(vectors: Vectors, shares: int, threshold: int) -> Report:
    """One aggregation among as many clients as there are vectors; at most that many shares."""
    # Flower is no part of the usual set-up.
    from bench.side_by_side.secagg_grid import aggregate

    return aggregate(vectors, shares, threshold)


def _system(shares: int, threshold: int, why: str) -> System:
    return System(
        slug=f"secagg_plus_{shares}",
        title="Flower SecAgg+",
        setting=f"num_shares = {shares}, reconstruction_threshold = {threshold}: {why}",
        run=partial(run, shares=shares, threshold=threshold),
        round_trips="contributor: four, all within one session; there are no clerks",
        silent=f"contributors whose key shares are out, while {threshold} of each one's {shares} share holders answer; "
        "in flwr 1.41 one lost between the first and the second step stops the round",
        lying="nobody: a false vector spoils the sum unnoticed, a false share spoils it or stops the round; keys are "
        "not signed, so the server is trusted to pass them on as they are",
        learns=f"server: the sum, and who took part; more: the server with {threshold} of a contributor's {shares} "
        "share holders. This code also squeezes each mask's seed into 32 bits for NumPy's Mersenne Twister",
        not_counted="The network: client mod and workflow run in one process, joined by their serialised messages. "
        "The model that is usually sent down is left empty.",
        needs=("flwr",),
    )


SYSTEMS = (
    _system(27, 9, "our committee, to the next odd number"),
    _system(53, 28, "for N = 1,000, 10% hostile (2^-40) and 10% lost (2^-30), after Bell et al. 2020"),
)
