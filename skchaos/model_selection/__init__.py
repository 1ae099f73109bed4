"""Choose a forcing interval."""

from skchaos.model_selection._grid import forcing_interval_grid

__all__ = ["forcing_interval_grid"]
