"""Pictures of what a model has learned, in the manner of scikit-learn's displays.

Each class is made by a class method from a fitted object or from plain arrays, draws on axes of its
own or on yours, and keeps what it drew: `ax_`, `figure_` and the artists. Needs matplotlib, which
comes with `pip install "skchaos[plot]"` and is imported when a display draws.
"""

from skchaos.plotting._attractor import AttractorDisplay
from skchaos.plotting._divergence import DivergenceDisplay
from skchaos.plotting._forcing_interval import ForcingIntervalDisplay
from skchaos.plotting._forecast import ForecastDisplay
from skchaos.plotting._lyapunov import LyapunovDisplay

__all__ = [
    "AttractorDisplay",
    "DivergenceDisplay",
    "ForcingIntervalDisplay",
    "ForecastDisplay",
    "LyapunovDisplay",
]
