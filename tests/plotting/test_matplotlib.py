import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest

from skchaos import plotting
from skchaos.datasets import make_logistic
from skchaos.plotting import (
    AttractorDisplay,
    DivergenceDisplay,
    ForcingIntervalDisplay,
    ForecastDisplay,
    LyapunovDisplay,
)

X = np.random.default_rng(0).normal(size=(20, 1))
LOGISTIC = make_logistic(500, random_state=0)
CURVE = {
    "lags": np.arange(20.0),
    "curve": X[:, 0],
    "exponents": np.array([0.3, -0.1]),
    "standard_errors": np.array([0.1, 0.1]),
    "source": "model",
}
SETTINGS = dict(plt.rcParams)  # as they are before any display has drawn
DRAW = {
    "AttractorDisplay": lambda: AttractorDisplay.from_predictions(X, X),
    "DivergenceDisplay": lambda: DivergenceDisplay.from_data(LOGISTIC, exponent=0.69),
    "ForcingIntervalDisplay": lambda: ForcingIntervalDisplay.from_scores([1, 2], [3, 4]),
    "ForecastDisplay": lambda: ForecastDisplay.from_predictions(X, X, predictability_time=5.0),
    "LyapunovDisplay": lambda: LyapunovDisplay(**CURVE).plot(),
}


def test_every_display_is_here():
    assert sorted(DRAW) == plotting.__all__


def test_import_leaves_matplotlib_and_torch_alone():
    code = "import skchaos.plotting, sys; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "skchaos.plotting._lyapunov" in run.stdout
    assert not {"matplotlib", "torch"} & set(run.stdout.split())


@pytest.mark.parametrize("name", DRAW)
def test_missing_matplotlib_says_what_to_install(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=rf'{name}\.\w+ needs .*pip install "skchaos\[plot\]"'):
        DRAW[name]()


@pytest.mark.parametrize("name", DRAW)
def test_global_settings_are_left_alone(name):
    DRAW[name]()
    assert dict(plt.rcParams) == SETTINGS


@pytest.mark.parametrize("name", DRAW)
def test_new_figures_fit_what_they_hold(name, tmp_path):
    figure = DRAW[name]().figure_
    figure.savefig(tmp_path / "figure.png")
    assert figure.get_layout_engine() is not None
    drawn = figure.get_tightbbox().bounds
    width, height = figure.get_size_inches()
    assert drawn[0] > -0.02
    assert drawn[1] > -0.02
    assert drawn[0] + drawn[2] < width + 0.02
    assert drawn[1] + drawn[3] < height + 0.02
