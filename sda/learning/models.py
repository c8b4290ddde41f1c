"""Models as flat vectors: a protocol that any framework can meet, a softmax and an MLP of our own in NumPy.

Whoever trains asks a model for its parameters, their gradient on a batch, and predictions; nothing else. A model of any
framework is made known under a name by `register`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sda.crypto.hashes import keccak
from sda.errors import LearningError, ParameterError

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Labels = NDArray[np.int64]

Shape = tuple[int, ...]


class Model(Protocol):
    """A model with parameters that can be taken out and put in as one float64 vector."""

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Of its parameter arrays, in the order in which they stand in the vector."""

    @property
    def vector(self) -> Vector:
        """A copy of all parameters."""

    @vector.setter
    def vector(self, value: Vector) -> None:
        """Replace them; raises LearningError for another length or numbers that are not finite."""

    def gradient(self, features: Matrix, labels: Labels) -> tuple[float, Vector]:
        """Mean loss of a batch, and its gradient as a vector."""

    def predict(self, features: Matrix) -> Labels:
        """The most likely class of each row."""


def size_of(shapes: Sequence[Shape]) -> int:
    """Parameters in arrays of these shapes."""
    return sum(math.prod(shape) for shape in shapes)


def model_hash(shapes: Sequence[Shape], vector: Vector) -> bytes:
    """keccak(number of arrays(4) ‖ for each: dimensions(4) ‖ lengths(4 each) ‖ parameters as big-endian float64).

    Raises:
        LearningError: The vector is not one of these shapes.
    """
    check_vector(vector, size_of(shapes))
    numbers = [len(shapes), *(number for shape in shapes for number in (len(shape), *shape))]
    head = b"".join(number.to_bytes(4, "big") for number in numbers)
    return keccak(head + vector.astype(">f8").tobytes())


def check_vector(vector: Vector, size: int) -> Vector:
    """The vector, once it is seen to be `size` finite numbers.

    Raises:
        LearningError: It is not.
    """
    values: Vector = np.asarray(vector, dtype=np.float64)
    if values.shape != (size,):
        raise LearningError(f"parameters of shape {values.shape}: must be ({size},)")
    if not np.isfinite(values).all():
        raise LearningError("parameters: must be finite numbers")
    return values


def check_data(features: Matrix, labels: Labels, inputs: int, classes: int) -> None:
    """Refuse data on which a model cannot be trained or judged.

    Raises:
        LearningError: Empty, not as many labels as rows, other features, numbers that are not finite, or a label that
            is no class. Values of the data are not named.
    """
    if features.ndim != 2 or features.shape[1] != inputs:
        raise LearningError(f"features of shape {features.shape}: must be (examples, {inputs})")
    if not len(features):
        raise LearningError("data: is empty, must be one example at least")
    if labels.shape != (len(features),):
        raise LearningError(f"labels of shape {labels.shape}: must be ({len(features)},), one for each example")
    if not np.isfinite(features).all():
        raise LearningError("features: must be finite numbers")
    if not np.issubdtype(labels.dtype, np.integer) or labels.min() < 0 or labels.max() >= classes:
        raise LearningError(f"labels: must be integers in [0, {classes})")


class _Arrays:
    """Parameters in one vector, seen as arrays."""

    def __init__(self, shapes: tuple[Shape, ...]) -> None:
        self._shapes = shapes
        self._vector: Vector = np.zeros(size_of(shapes))

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """See `Model.shapes`."""
        return self._shapes

    @property
    def vector(self) -> Vector:
        """See `Model.vector`."""
        return self._vector.copy()

    @vector.setter
    def vector(self, value: Vector) -> None:
        self._vector = check_vector(value, len(self._vector)).copy()

    def _arrays(self) -> list[Vector]:
        sizes = [math.prod(shape) for shape in self._shapes]
        parts = np.split(self._vector, np.cumsum(sizes)[:-1])
        return [part.reshape(shape) for part, shape in zip(parts, self._shapes, strict=True)]


class Softmax(_Arrays):
    """Multinomial logistic regression: weights of shape (inputs, classes) and a bias for each class, from zero."""

    def __init__(self, inputs: int, classes: int) -> None:
        super().__init__(self.shapes_of(inputs, classes))

    @staticmethod
    def shapes_of(inputs: int, classes: int) -> tuple[Shape, ...]:
        """Of its parameters."""
        return ((inputs, classes), (classes,))

    def gradient(self, features: Matrix, labels: Labels) -> tuple[float, Vector]:
        """See `Model.gradient`; the loss is the mean cross-entropy."""
        weights, bias = self._arrays()
        loss, slope = _cross_entropy(features @ weights + bias, labels)
        return loss, np.concatenate(((features.T @ slope).reshape(-1), slope.sum(axis=0)))

    def predict(self, features: Matrix) -> Labels:
        """See `Model.predict`."""
        weights, bias = self._arrays()
        return _most_likely(features @ weights + bias)


class MLP(_Arrays):
    """One hidden layer of rectified units.

    Args:
        inputs, hidden, classes: Widths.
        seed: Of the first weights (He et al. 2015); public, everybody starts from the same.
    """

    def __init__(self, inputs: int, hidden: int, classes: int, seed: int = 0) -> None:
        super().__init__(self.shapes_of(inputs, hidden, classes))
        generator = np.random.default_rng(seed)
        first = generator.normal(0.0, math.sqrt(2 / inputs), inputs * hidden)
        second = generator.normal(0.0, math.sqrt(2 / hidden), hidden * classes)
        self.vector = np.concatenate((first, np.zeros(hidden), second, np.zeros(classes)))

    @staticmethod
    def shapes_of(inputs: int, hidden: int, classes: int) -> tuple[Shape, ...]:
        """Of its parameters."""
        return ((inputs, hidden), (hidden,), (hidden, classes), (classes,))

    def gradient(self, features: Matrix, labels: Labels) -> tuple[float, Vector]:
        """See `Model.gradient`; the loss is the mean cross-entropy."""
        first, first_bias, second, second_bias = self._arrays()
        active = np.maximum(features @ first + first_bias, 0.0)
        loss, slope = _cross_entropy(active @ second + second_bias, labels)
        back = (slope @ second.T) * (active > 0)
        parts = (features.T @ back, back.sum(axis=0), active.T @ slope, slope.sum(axis=0))
        return loss, np.concatenate([part.reshape(-1) for part in parts])

    def predict(self, features: Matrix) -> Labels:
        """See `Model.predict`."""
        first, first_bias, second, second_bias = self._arrays()
        return _most_likely(np.maximum(features @ first + first_bias, 0.0) @ second + second_bias)


def _most_likely(scores: Matrix) -> Labels:
    classes: Labels = np.argmax(scores, axis=1)
    return classes


def _cross_entropy(scores: Matrix, labels: Labels) -> tuple[float, Matrix]:
    """Mean loss, and its derivative by the scores."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    exponents = np.exp(shifted)
    totals = exponents.sum(axis=1, keepdims=True)
    rows = np.arange(len(labels))
    loss = float(np.mean(np.log(totals[:, 0]) - shifted[rows, labels]))
    slope: Matrix = exponents / totals
    slope[rows, labels] -= 1.0
    return loss, slope / len(labels)


@dataclass(frozen=True)
class ModelForm:
    """Which model; what a configuration says of it.

    Attributes:
        kind: "softmax", "mlp" or what was registered in this process.
        inputs, classes: Features of an example, classes to tell apart.
        hidden: Units of a hidden layer; 0 if there is none.
        seed: Of the first weights.
    """

    kind: str
    inputs: int
    classes: int
    hidden: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise ParameterError("kind", self.kind, f"one of {', '.join(_KINDS)}")
        lowest = {"inputs": 1, "classes": 2, "hidden": 1 if self.kind == "mlp" else 0, "seed": 0}
        for name, least in lowest.items():
            if getattr(self, name) < least:
                raise ParameterError(name, getattr(self, name), f"at least {least}")
        if self.kind == "softmax" and self.hidden:
            raise ParameterError("hidden", self.hidden, "0 for a softmax")

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Of its parameter arrays; no memory is taken for them."""
        return _KINDS[self.kind][0](self)

    def make(self) -> Model:
        """A model as it is before the first step."""
        return _KINDS[self.kind][1](self)


_KINDS: dict[str, tuple[Callable[[ModelForm], tuple[Shape, ...]], Callable[[ModelForm], Model]]] = {
    "softmax": (
        lambda form: Softmax.shapes_of(form.inputs, form.classes),
        lambda form: Softmax(form.inputs, form.classes),
    ),
    "mlp": (
        lambda form: MLP.shapes_of(form.inputs, form.hidden, form.classes),
        lambda form: MLP(form.inputs, form.hidden, form.classes, form.seed),
    ),
}


def register(kind: str, shapes: Callable[[ModelForm], tuple[Shape, ...]], make: Callable[[ModelForm], Model]) -> None:
    """Make a model known in this process, to developer and contributors alike: what is announced names it, and nothing
    that is announced is ever run.

    Args:
        kind: Its name in configurations.
        shapes: Of its parameters, without making any.
        make: Makes it as it is before the first step, the same everywhere.

    Raises:
        ParameterError: The name is taken.
    """
    if kind in _KINDS:
        raise ParameterError("kind", kind, "a name that is not taken")
    _KINDS[kind] = (shapes, make)


@dataclass(frozen=True)
class Score:
    """How a model does on a data set: share of right predictions, and mean loss."""

    accuracy: float
    loss: float


def evaluate(model: Model, features: Matrix, labels: Labels) -> Score:
    """Judge a model on a data set that is not empty."""
    loss, _ = model.gradient(features, labels)
    return Score(float(np.mean(model.predict(features) == labels)), loss)
