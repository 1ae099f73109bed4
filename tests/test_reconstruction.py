"""The report of a fit: what free runs do, beside what the rows do."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from skchaos import ChaoticRNNRegressor
from skchaos._engine import Engine
from skchaos._index import TimeIndex
from skchaos._reconstruction import _reasons, report
from skchaos._series import Series
from skchaos.core import Cell, ForcedRNN
from skchaos.datasets import make_lorenz63
from skchaos.exceptions import PoorFitWarning
from skchaos.exponents import lyapunov_exponents


class Logistic(Cell):
    """The logistic map of the first unit, beside a phase that goes round."""

    def __init__(self, rate, gain=1.0):
        super().__init__(1)
        self.rate, self.gain = rate, gain

    def forward(self, state):
        return self.gain * self.rate * state * (1 - state)

    def tangent(self, state, frame):
        return self(state), frame * (self.gain * self.rate * (1 - 2 * state)).unsqueeze(-2)


def logistic_rows(n_rows, rate=4.0):
    rows = np.empty((n_rows, 1))
    x = 0.37
    for t in range(n_rows):
        x = rate * x * (1 - x)
        rows[t] = x
    return rows


def make_series(rows):
    return Series.of(rows, None, [len(rows)], TimeIndex(), np.arange(rows.shape[1]))


def make_engine(cell, series):
    """Return a model whose state is the row itself, in its own units."""
    model = ForcedRNN("elman", 1, n_features=1).double()
    model.cell = cell
    mean, scale = (torch.as_tensor(v) for v in (series.scaling.mean, series.scaling.scale))
    with torch.no_grad():
        model.inference.affine.weight.copy_(scale[:, None])
        model.inference.affine.bias.copy_(mean)
        model.readout.weight.copy_(1 / scale[:, None])
        model.readout.bias.copy_(-mean / scale)
    return Engine(model, series.scaling, np.zeros(1, dtype=int))


def report_of(rate, dt=1.0):
    rows = logistic_rows(4000)
    series = make_series(rows)
    measured = lyapunov_exponents(rows, dt=dt, n_exponents=1)
    return report(make_engine(Logistic(rate), series), series, series, [3000], measured)


def test_free_runs_begin_from_rows_as_they_were_recorded():
    series = make_series(logistic_rows(4000))
    recorded = replace(series, rows=np.full((4000, 1), -0.1))  # from where the map runs away
    measured = lyapunov_exponents(series.rows, n_exponents=1)
    found = report(make_engine(Logistic(4.0), series), recorded, series, [3000], measured)
    assert found["regime"] == "unbounded"


@pytest.fixture(scope="module")
def of_truth():
    return report_of(4.0)


def test_the_true_map_is_chaos_with_the_exponent_of_the_rows_at_the_floor(of_truth):
    assert of_truth["regime"] == of_truth["data_regime"] == "chaos"
    assert abs(of_truth["exponent"] - np.log(2)) < 0.01
    assert abs(of_truth["data_exponent"] - np.log(2)) < 0.01
    assert of_truth["divergence"] < 2 * of_truth["divergence_floor"]
    assert of_truth["spectrum_distance"] < 0.1
    assert of_truth["spread"] == pytest.approx(1, abs=0.05)
    assert of_truth["reasons"] == []


def test_exponents_are_per_unit_of_time(of_truth):
    found = report_of(4.0, dt=0.5)
    for name in ("exponent", "exponent_error", "data_exponent"):
        assert found[name] == pytest.approx(2 * of_truth[name])


@pytest.mark.parametrize(
    ("rate", "regime", "reason"),
    [
        (2.5, "fixed point", "it ends on a fixed point"),
        (3.2, "cycle", "it ends on a cycle"),
        (3.7, "chaos", "its largest exponent is 0.35"),
        (4.1, "unbounded", "it runs away to infinity"),
    ],
)
def test_another_map_is_told(rate, regime, reason):
    found = report_of(rate)
    assert found["regime"] == regime
    assert found["reasons"][0].startswith(reason)
    assert any(reason.startswith("its rows are") for reason in found["reasons"])
    assert found["divergence"] > 3 * found["divergence_floor"]


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("spread", 0.4, "it has 0.4 of"),
        ("spread", 2.5, "it has 2.5 of"),
        ("spectrum_distance", 0.3, "its spectrum is 0.3"),
        ("divergence", 100.0, "its rows are 1e"),
        ("exponent", 0.1, "its largest exponent is 0.1"),
        ("data_regime", "cycle", "it is chaotic, and the rows are a cycle"),
    ],
)
def test_each_number_has_its_reason(of_truth, name, value, reason):
    [found] = _reasons(of_truth | {name: value})
    assert found.startswith(reason)


def test_fit_reports_and_warns():
    X = make_lorenz63(1500, random_state=0)
    with pytest.warns(PoorFitWarning, match="it ends on a"):
        model = ChaoticRNNRegressor(max_iter=10, n_hidden=8, n_init=1, random_state=0).fit(X)
    found = model.reconstruction_report_
    assert found["regime"] in ("fixed point", "cycle")
    assert all(isinstance(value, (str, float, list)) for value in found.values())


@pytest.mark.parametrize("n_rows", [6, 30, 300])
def test_of_few_rows_only_what_they_can_tell(n_rows):
    X = make_lorenz63(n_rows, random_state=0)
    model = ChaoticRNNRegressor(max_iter=2, n_hidden=4, forcing_interval=1, n_delays=1).fit(X)
    found = model.reconstruction_report_
    assert np.isnan(found["divergence"]) == (n_rows < 200)
    assert any("cannot be judged" in said for said in found["reasons"]) == (n_rows < 200)
