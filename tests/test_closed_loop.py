"""Models whose state is inferred anew before every step, in training and in free runs."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.frozen import FrozenEstimator

from skchaos import ChaoticRNNRegressor, LyapunovSpectrum, _fit
from skchaos._engine import free_run
from skchaos._prepare import prepare
from skchaos._validation import N_STEPS, N_TRANSIENT, Validation, score_models
from skchaos.core import ClosedLoop, ForcedRNN, Stack
from skchaos.datasets import make_logistic, make_lorenz63
from skchaos.model_selection import forcing_interval_grid

QUICK = {"max_iter": 2, "n_init": 1, "random_state": 0}
pytestmark = pytest.mark.filterwarnings("ignore::skchaos.exceptions.PoorFitWarning")


@pytest.fixture(scope="module")
def coarse():
    return make_lorenz63(2000, dt=0.1, random_state=0)


def quick(rows, **settings):
    return ChaoticRNNRegressor(**QUICK | settings).fit(rows)


def test_errors_that_double_within_a_few_rows_close_the_loop(coarse):
    model = quick(coarse, dt=0.1)
    assert 5 < model.predictability_time_ / 0.1 < 20
    assert (model.forcing_interval_, model.closed_loop_) == (1, True)


def test_others_leave_it_open():
    assert not quick(make_lorenz63(2000, random_state=0), dt=0.01).closed_loop_


def test_who_sets_the_interval_is_obeyed(coarse):
    model = quick(coarse, forcing_interval=8)
    assert (model.forcing_interval_, model.closed_loop_) == (8, False)
    assert quick(make_lorenz63(2000, random_state=0), forcing_interval=1).closed_loop_


@pytest.mark.parametrize(
    "settings",
    [
        {"state_inference": "pseudo_inverse"},
        {"state_inference": "identity", "cell": "plrnn", "n_hidden": 5},
        {"forcing": "generalized"},
        {"interval_jitter": 0.5},
    ],
    ids=lambda settings: str(next(iter(settings.values()))),
)
def test_a_state_that_data_do_not_replace_altogether_is_carried(coarse, settings):
    model = quick(coarse, **settings)
    assert model.forcing_interval_ > 1
    assert not model.closed_loop_
    assert not quick(coarse, forcing_interval=1, **settings).closed_loop_


@pytest.mark.parametrize(("n_delays", "delay"), [(1, 1), (4, 1), (3, 2)])
@pytest.mark.parametrize("has_inputs", [False, True])
def test_a_forecast_is_a_prediction_of_one_step_again_and_again(
    coarse, n_delays, delay, has_inputs
):
    frame = pd.DataFrame(coarse, columns=["x", "y", "z"])
    inputs = "z" if has_inputs else None
    settings = {"forcing_interval": 1, "n_delays": n_delays, "delay": delay}
    model = quick(frame[:1500], input_columns=inputs, process_noise=False, **settings)
    future = frame.loc[1500:1505, ["z"]] if has_inputs else None
    forecast = model.forecast(6, future_inputs=future)
    rows = frame[:1500]
    for step in range(1500, 1506):
        following = model.predict(rows)[-1]
        assert following == pytest.approx(forecast.loc[step, model_columns(model)].to_numpy())
        rows = pd.concat([rows, forecast.loc[[step]]])


def model_columns(model):
    return np.delete(model.column_names_, model.input_columns_)


@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_so_it_is_where_noise_was_taken(noise):
    rows = make_lorenz63(3000, dt=0.03, noise=noise, random_state=0)
    model = quick(rows, forcing_interval=1, n_delays=3, delay=2, process_noise=False)
    assert (model.noise_level_ > 0).all() == (noise > 0)
    forecast = model.forecast(1, rows)
    assert forecast == pytest.approx(model.predict(rows)[-1:])


@pytest.mark.slow
def test_a_map_is_learned():
    rows = make_logistic(3000, random_state=0)
    model = ChaoticRNNRegressor(n_init=1, max_iter=1000, random_state=0).fit(rows)
    assert (model.n_delays_, model.closed_loop_) == (1, True)
    report = model.reconstruction_report_
    assert report["regime"] == "chaos"
    assert report["exponent"] == pytest.approx(np.log(2), rel=0.05)  # the bar of a good model


def test_the_window_of_rows_that_jump_is_as_short_as_tells_the_next():
    assert quick(make_logistic(2000, random_state=0)).n_delays_ == 1
    fine = make_lorenz63(2000, random_state=0)[:, :1]  # two rows tell the next, and not the state
    assert quick(fine, forcing_interval=1).n_delays_ >= 20


def test_trainings_are_judged_by_closed_runs(coarse):
    job = prepare(ChaoticRNNRegressor(**QUICK), coarse)
    validation = Validation.of(job.plan, job.series)
    torch.manual_seed(0)
    model = ForcedRNN("lstm", 5, n_features=3, n_delays=job.plan.n_delays)
    stack = Stack.of([model]).model
    closed = score_models([validation], stack)
    opened = score_models([replace(validation, is_closed=False)], stack)
    run, _ = free_run(
        ClosedLoop(model, torch.arange(job.plan.n_delays)),
        torch.as_tensor(validation.windows, dtype=torch.float32).flatten(-2),
        N_STEPS - N_TRANSIENT,
        N_TRANSIENT,
    )
    assert closed == pytest.approx([validation.score(run)])
    assert closed != pytest.approx(opened)


def test_trainings_are_compared_by_where_closed_runs_end(coarse, monkeypatch):
    seen = []
    monkeypatch.setattr(_fit, "comes_to_an_end", lambda engine, *_: seen.append(engine))
    quick(coarse, n_init=2)
    assert seen
    assert all(isinstance(engine.dynamics, ClosedLoop) for engine in seen)


def test_grids_offer_to_close_the_loop():
    assert forcing_interval_grid(make_lorenz63(2000, dt=0.05, random_state=0))[0] == 1


def test_exponents_are_those_of_a_map_of_rows(coarse):
    model = quick(coarse, n_delays=2, forcing_interval=1)
    settings = {"n_steps": 100, "n_orbits": 4, "dt": 1.0}
    found = LyapunovSpectrum(FrozenEstimator(model), **settings).fit(coarse)
    assert len(found.exponents_) == 6  # two rows of three columns
    with pytest.raises(ValueError, match="has 6 dimension"):
        LyapunovSpectrum(FrozenEstimator(model), n_exponents=7, **settings).fit(coarse)
    with pytest.warns(UserWarning, match="have 6 numbers"):  # a training is not thrown away
        found = LyapunovSpectrum(clone_of(model), n_exponents=7, **settings).fit(coarse)
    assert len(found.exponents_) == 6
    along = LyapunovSpectrum(FrozenEstimator(model), n_exponents=1, **settings).fit(coarse)
    assert along.transform(coarse[:50]).shape == (50, 1)


def clone_of(model):
    return ChaoticRNNRegressor(**model.get_params())
