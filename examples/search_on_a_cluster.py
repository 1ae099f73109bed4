"""
A search on a cluster
=====================

scikit-learn's searches hand their fits to joblib, and joblib to whatever it is told: here to the
workers of a dask cluster. The cluster of this example lives on one machine and goes with the
program; with the address of a real one in ``Client("tcp://scheduler:8786")`` nothing else changes.
Needs ``pip install ".[cluster,fast]"``.

Run it as a program, ``python search_on_a_cluster.py``: workers are new processes, which import it.
"""

import joblib
import pandas as pd
from distributed import Client, LocalCluster
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from skchaos import ChaoticRNNRegressor
from skchaos.datasets import make_lorenz63
from skchaos.metrics import state_space_divergence_scorer


def main() -> None:
    X = make_lorenz63(5_000, rho=38.0, random_state=0)
    search = GridSearchCV(
        ChaoticRNNRegressor(dt=0.01, max_iter=500, early_stopping=False),
        {"forcing_interval": [8, 16, 32, 64], "random_state": [0, 1]},
        scoring=state_space_divergence_scorer,
        cv=TimeSeriesSplit(2),
        n_jobs=-1,
    )
    # A fit keeps to one thread, so workers have one each.
    with (
        LocalCluster(n_workers=2, threads_per_worker=1) as cluster,
        Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        search.fit(X)
    table = pd.DataFrame(search.cv_results_)
    print(table.groupby("param_forcing_interval")["mean_test_score"].agg(["mean", "min", "max"]))
    print("best:", search.best_params_)


if __name__ == "__main__":
    main()
