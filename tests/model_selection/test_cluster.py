"""Searches on a cluster: dask's workers take the fits, by joblib's backend."""

import joblib
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from skchaos import ChaoticRNNRegressor
from skchaos.datasets import make_lorenz63
from skchaos.metrics import state_space_divergence_scorer
from skchaos.model_selection import ChaoticRNNRegressorCV
from tests.test_regressor import QUICK


@pytest.fixture(scope="module")
def client():
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def n_events(client):
    return sum(client.run(lambda dask_worker: len(dask_worker.state.log)).values())


def test_grid_search_on_a_cluster_is_that_at_home(client):
    X, cv = make_lorenz63(1200, dt=0.05, random_state=0), TimeSeriesSplit(2)
    grid = {"forcing_interval": [6, 12]}
    model = ChaoticRNNRegressor(**QUICK)
    search = GridSearchCV(model, grid, cv=cv, scoring=state_space_divergence_scorer)
    home = search.fit(X).cv_results_["mean_test_score"]
    before = n_events(client)
    with joblib.parallel_config(backend="dask"):
        away = search.set_params(n_jobs=2).fit(X).cv_results_["mean_test_score"]
        between = n_events(client)
        lockstep = ChaoticRNNRegressorCV(model, grid, cv=cv, n_jobs=2).fit(X)
    assert before < between < n_events(client)  # the fits of both were made there
    np.testing.assert_allclose(away, home, rtol=1e-6)
    np.testing.assert_allclose(lockstep.cv_results_["mean_test_score"], home, rtol=1e-4)
