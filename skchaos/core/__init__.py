"""The numerical core: cells, inference, forcing, recurrence, training, tangent space.

Everything here is torch and knows neither scikit-learn nor pandas. A *state* is one tensor of
shape (..., state); the *hidden* part of it, (..., hidden), is what the readout sees.
"""

from skchaos.core._cell import Cell
from skchaos.core._cells import CELLS, make_cell
from skchaos.core._closed import ClosedLoop
from skchaos.core._config import TrainingConfig
from skchaos.core._forcing import Forcing, GeneralizedForcing, SparseForcing
from skchaos.core._map import FunctionMap
from skchaos.core._model import ForcedRNN
from skchaos.core._sequences import Sequences, Table
from skchaos.core._stack import Stack
from skchaos.core._tangent import (
    DrivenMap,
    TangentDynamics,
    TangentMap,
    growth_along,
    tangent_dynamics,
)
from skchaos.core._training import Progress, TrainingResult, train
from skchaos.core._unroll import kicked, unroll

__all__ = [
    "CELLS",
    "Cell",
    "ClosedLoop",
    "DrivenMap",
    "ForcedRNN",
    "Forcing",
    "FunctionMap",
    "GeneralizedForcing",
    "Progress",
    "Sequences",
    "SparseForcing",
    "Stack",
    "Table",
    "TangentDynamics",
    "TangentMap",
    "TrainingConfig",
    "TrainingResult",
    "growth_along",
    "kicked",
    "make_cell",
    "tangent_dynamics",
    "train",
    "unroll",
]
