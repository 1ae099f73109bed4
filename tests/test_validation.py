"""The score that training is judged by."""

import numpy as np
import pytest

from skchaos import _validation
from skchaos._validation import Validation, free_running_score, score_free_runs
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


def test_a_run_that_leaves_the_range_of_numbers_scores_worst():
    run = TRUE[None].copy()
    run[0, 400:, 0] = np.nan
    assert free_running_score(TRUE, TRUE, run) == np.inf


@pytest.mark.parametrize(("late", "is_good"), [(TRUE, True), (np.zeros((600, 2)), False)])
def test_the_first_half_of_a_run_does_not_count(monkeypatch, late, is_good):
    def free_run(model, states, n_steps):
        early = np.zeros_like(TRUE) if is_good else TRUE
        return np.concatenate([early, late])[None, None]

    monkeypatch.setattr(_validation, "free_run", free_run)
    monkeypatch.setattr(_validation, "N_STEPS", 1200)
    both = np.array([True, True])
    validation = Validation(TRUE, TRUE, TRUE[None, :3], np.array([-2, -1, 0]), both, 0.1)
    [score] = score_free_runs([validation], ForcedRNN("elman", 2, n_features=2, n_delays=3))
    assert score < 0.01 if is_good else score > 1
