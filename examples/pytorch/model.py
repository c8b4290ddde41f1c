"""A PyTorch network in private trainings: `install()` makes it known as "torch-mlp", in every process that takes part.

    [model]
    kind = "torch-mlp"
    inputs = 128
    classes = 33
    hidden = 32

Any module does: its parameters become one vector, autograd gives the gradient.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import nn

from sda.learning.models import Labels, Matrix, ModelForm, Shape, Vector, check_vector, register

KIND = "torch-mlp"


class TorchModel:
    """Implements `sda.learning.models.Model` for a module.

    Args:
        module: In double precision: contributors' updates are compared to the last bit with what was announced.
    """

    def __init__(self, module: nn.Module) -> None:
        self._module = module.double()
        self._loss = nn.CrossEntropyLoss()

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """See `Model.shapes`."""
        return tuple(tuple(parameter.shape) for parameter in self._module.parameters())

    @property
    def vector(self) -> Vector:
        """See `Model.vector`."""
        return nn.utils.parameters_to_vector(self._module.parameters()).detach().numpy().copy()

    @vector.setter
    def vector(self, value: Vector) -> None:
        checked = check_vector(value, sum(map(math.prod, self.shapes)))
        nn.utils.vector_to_parameters(torch.from_numpy(checked.copy()), self._module.parameters())

    def gradient(self, features: Matrix, labels: Labels) -> tuple[float, Vector]:
        """See `Model.gradient`."""
        self._module.zero_grad()
        loss = self._loss(self._module(torch.from_numpy(features)), torch.from_numpy(labels))
        loss.backward()
        slopes = [parameter.grad.numpy().ravel() for parameter in self._module.parameters()]
        return float(loss.item()), np.concatenate(slopes)

    def predict(self, features: Matrix) -> Labels:
        """See `Model.predict`."""
        with torch.no_grad():
            found: Labels = self._module(torch.from_numpy(features)).argmax(dim=1).numpy()
        return found


def make(form: ModelForm) -> TorchModel:
    """The network as it is before the first step: the same everywhere, whatever random numbers were drawn before."""
    with torch.random.fork_rng():
        torch.manual_seed(form.seed)
        layers = nn.Sequential(nn.Linear(form.inputs, form.hidden), nn.Tanh(), nn.Linear(form.hidden, form.classes))
    return TorchModel(layers)


def shapes(form: ModelForm) -> tuple[Shape, ...]:
    """Of its parameters, in the order in which PyTorch has them."""
    return ((form.hidden, form.inputs), (form.hidden,), (form.classes, form.hidden), (form.classes,))


def install() -> None:
    """Make it known in this process."""
    register(KIND, shapes, make)
