"""Examples with their labels, from a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from sda.errors import LearningError
from sda.learning.models import Labels, Matrix


@dataclass(frozen=True)
class Examples:
    """A data set: a contributor's own, or the public one on which every model is judged.

    Attributes:
        features: (examples, inputs).
        labels: (examples,).
    """

    features: Matrix = field(repr=False)
    labels: Labels = field(repr=False)

    @classmethod
    def load(cls, path: Path) -> Examples:
        """From a NumPy archive with arrays `features` and `labels`.

        Raises:
            LearningError: It cannot be read, or lacks one of them.
        """
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return cls(np.asarray(arrays["features"], dtype=np.float64), arrays["labels"])
        except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
            raise LearningError(
                f"{path}: must be a NumPy archive (.npz) with arrays `features` and `labels` ({type(error).__name__})"
            ) from error
