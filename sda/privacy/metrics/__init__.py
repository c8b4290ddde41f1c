"""The metrics. Adding one is one file here with a subclass of `Metric`: it is found by its `kind`."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from sda.privacy.metrics.metric import Metric


def registry() -> dict[str, type[Metric]]:
    """Every metric by its kind."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    found: dict[str, type[Metric]] = {}
    waiting = [Metric]
    while waiting:
        for subclass in waiting.pop().__subclasses__():
            waiting.append(subclass)
            if "kind" in vars(subclass):
                found[subclass.kind] = subclass
    return dict(sorted(found.items()))
