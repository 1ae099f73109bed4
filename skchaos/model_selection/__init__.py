"""Choose a forcing interval."""

from skchaos.model_selection._grid import forcing_interval_grid
from skchaos.model_selection._search import ChaoticRNNRegressorCV

__all__ = ["ChaoticRNNRegressorCV", "forcing_interval_grid"]
