"""Warnings stand at the line of the user, whatever is between it and the fit."""

import warnings

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skchaos import ChaoticRNNRegressor, LyapunovSpectrum, TransformedForecaster
from skchaos.exceptions import DegenerateDataWarning, NotChaoticWarning
from skchaos.metrics import DYNAMICS_SCORERS
from skchaos.model_selection import ChaoticRNNRegressorCV

MODEL = ChaoticRNNRegressor(max_iter=2, n_hidden=4, n_init=1, random_state=0)
GRID = {"alpha": [0.0]}
WAYS = {
    "alone": MODEL,
    "in a pipeline": make_pipeline(StandardScaler(), MODEL),
    "transformed": TransformedForecaster(MODEL, StandardScaler()),
    "in a search": ChaoticRNNRegressorCV(MODEL, GRID, cv=2),
    "in a search of scikit-learn": GridSearchCV(
        MODEL, GRID, cv=TimeSeriesSplit(2), scoring=DYNAMICS_SCORERS["neg_prediction_error"]
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_warnings_of_a_fit_stand_at_the_line_that_calls_it(way):
    rows = np.random.default_rng(0).standard_normal((1500, 1))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        WAYS[way].fit(rows)
    found = [one for one in caught if issubclass(one.category, NotChaoticWarning)]
    assert found
    assert {one.filename for one in found} == {__file__}


def test_those_of_a_measurement_too():
    rows = np.random.default_rng(0).standard_normal((500, 2))
    rows[:, 1] = rows[:, 0]
    with pytest.warns(DegenerateDataWarning) as caught:
        LyapunovSpectrum().fit(rows)
    assert caught[0].filename == __file__
