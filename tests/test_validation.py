"""The score that training is judged by."""

import numpy as np
import pytest
import torch

from skchaos import _engine, _validation
from skchaos._validation import Validation, free_running_score, score_models
from skchaos.core import ForcedRNN
from skchaos.datasets import make_henon
from skchaos.metrics import power_spectrum_distance, state_space_divergence

TRUE = make_henon(600, random_state=0)


def test_score_is_the_sum_of_where_and_how_it_moves():
    run = make_henon(1000, random_state=1).reshape(2, 500, 2)
    divergence = state_space_divergence(TRUE, run.reshape(-1, 2), n_bins=10, random_state=0)
    spectra = [power_spectrum_distance(TRUE, orbit) for orbit in run]
    assert free_running_score(TRUE, TRUE, run) == pytest.approx(divergence + np.mean(spectra))
    assert free_running_score(TRUE, TRUE, TRUE[None]) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("far", [np.nan, np.inf, -1e200, 1e7])
def test_a_run_that_leaves_every_range_scores_worst(far):
    run = TRUE[None].copy()
    run[0, 400:, 0] = far
    assert free_running_score(TRUE, TRUE, run) == np.inf


def test_an_orbit_at_rest_spoils_all():
    run = np.stack([TRUE, TRUE, TRUE])
    assert free_running_score(TRUE, TRUE, run) < 0.1
    run[1] = run[1].mean(axis=0) + 1e-3 * run[1]
    assert 10 < free_running_score(TRUE, TRUE, run) < 12


@pytest.mark.parametrize(("late", "is_good"), [(TRUE, True), (np.zeros((600, 2)), False)])
def test_the_first_half_of_a_run_does_not_count(monkeypatch, late, is_good):
    def free_run(model, states, n_steps, n_transient, inputs):
        assert inputs is None
        early = np.zeros_like(TRUE) if is_good else TRUE
        run = np.concatenate([early, late])[n_transient:]
        assert len(run) == n_steps
        return run[None, None], None

    monkeypatch.setattr(_validation, "free_run", free_run)
    monkeypatch.setattr(_validation, "N_STEPS", 2 * len(TRUE))
    monkeypatch.setattr(_validation, "N_TRANSIENT", len(TRUE))
    both = np.array([True, True])
    windows, offsets = TRUE[None, :3], np.array([-2, -1, 0])
    validation = Validation(TRUE, TRUE, windows, None, offsets, False, both, 0.1, windows, None)
    [score] = score_models([validation], ForcedRNN("elman", 2, n_features=2, n_delays=3))
    assert score < 0.01 if is_good else score > 10


@pytest.mark.parametrize("at_once", [6, 90, 10_000])  # a step at a time, some, all
def test_a_run_after_a_transient_is_the_rest_of_the_whole_run(monkeypatch, at_once):
    torch.manual_seed(0)
    model = ForcedRNN("lstm", 4, n_features=2).double()
    states = torch.randn(6, model.cell.state_size, dtype=torch.float64)
    whole, last = _engine.free_run(model, states, 100)
    monkeypatch.setattr(_engine, "CHUNK", at_once)
    rest, same = _engine.free_run(model, states, 63, 37)
    assert rest.shape == (6, 63, 2)
    torch.testing.assert_close(last, same)
    np.testing.assert_allclose(rest, whole[:, 37:], rtol=1e-9)
