"""Series that noise drives: how they are noticed, and free runs that carry the noise."""

import warnings
from copy import copy
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.preprocessing import StandardScaler

from skchaos import ChaoticRNNRegressor, LyapunovSpectrum, TransformedForecaster, _fit
from skchaos._engine import innovations
from skchaos._fit import Trained, train_models
from skchaos._network import new_network
from skchaos._prepare import prepare
from skchaos._validation import Validation, innovation_rows, judge_models, score_models
from skchaos.core import ClosedLoop, Stack, TrainingResult
from skchaos.datasets import make_lorenz63, make_roessler
from skchaos.exceptions import NotChaoticWarning
from skchaos.metrics import make_dynamics_scorer, prediction_error
from skchaos.model_selection import ChaoticRNNRegressorCV

QUICK = {"max_iter": 10, "n_hidden": 8, "n_init": 1, "random_state": 0}
WINDOW = torch.arange(5)  # rows of a window of as many


def struck_oscillator(n_rows, seed=0):
    rng = np.random.default_rng(seed)
    rows = np.zeros((n_rows, 1))
    for t in range(2, n_rows):
        rows[t] = 1.8 * rows[t - 1] - 0.9 * rows[t - 2] + rng.standard_normal()
    return rows


@pytest.fixture(scope="module")
def rows():
    return struck_oscillator(3000)


@pytest.fixture(scope="module")
def model(rows):
    with pytest.warns(NotChaoticWarning, match="one random run of many") as caught:
        fitted = ChaoticRNNRegressor(max_iter=800, n_init=1, random_state=0).fit(rows)
    assert caught[0].filename == __file__  # the line that a user wrote
    return fitted


def test_free_runs_live_and_the_noise_is_found(rows, model):
    assert_allclose(model.process_noise_ * rows.std(), 1.0, rtol=0.3)
    assert model.innovations_.shape == (2700 - model.n_context_, 1)
    run = model.forecast(10_000)
    assert_allclose(run.std(), rows.std(), rtol=0.15)
    lagged = [np.corrcoef(x[:-5, 0], x[5:, 0])[0, 1] for x in (run, rows)]
    assert abs(lagged[0] - lagged[1]) < 0.1
    assert model.reconstruction_report_["regime"] == "driven by noise"
    assert model.reconstruction_report_["reasons"] == []


def test_exponents_of_such_a_model_are_not_those_of_its_runs(rows, model):
    with pytest.warns(NotChaoticWarning, match="Free runs of the model carry noise") as caught:
        LyapunovSpectrum(FrozenEstimator(model), n_exponents=1, n_steps=50).fit(rows)
    assert caught[0].filename == __file__


@pytest.mark.parametrize("cell", ["plrnn", "shallow_plrnn", "al_rnn"])
def test_columns_may_be_units_where_noise_drives(rows, cell):
    settings = QUICK | {"process_noise": True, "state_inference": "identity"}
    fitted = ChaoticRNNRegressor(cell, **settings).fit(rows)
    assert fitted.forecast(3).shape == (3, 1)


def test_one_rare_event_among_rows_set_aside_is_not_the_size_of_all(rows):
    flooded = rows.copy()
    flooded[2900:2903] += 20 * rows.std()
    settings = QUICK | {"max_iter": 200, "process_noise": True}
    sizes = [
        ChaoticRNNRegressor(**settings).fit(X).process_noise_ * X.std() for X in (rows, flooded)
    ]
    assert_allclose(sizes[1], sizes[0], rtol=0.3)


def test_without_the_noise_they_are_iterated_predictions(rows, model):
    still = copy(model).set_params(process_noise=np.False_)
    known = rows[:60]
    for ahead in still.forecast(5, known):
        assert_allclose(ahead, model.predict(known)[-1], rtol=1e-9)
        known = np.vstack([known, ahead])


def test_folds_of_two_lengths_are_trained_together_as_alone():
    rows = np.zeros((2300, 1))
    for t, shock in enumerate(np.random.default_rng(0).standard_normal(2299)):
        rows[t + 1] = 0.9 * rows[t] + 0.3 * shock
    model = ChaoticRNNRegressor(process_noise=True, n_delays=5, delay=1, **QUICK)
    jobs = [prepare(clone(model), part) for part in (rows[:1000], rows[1000:])]
    assert jobs[0].shape == jobs[1].shape
    assert jobs[0].plan.window_noise > 0
    together = train_models(jobs)
    for job, trained in zip(jobs, together, strict=True):
        [alone] = train_models([job])
        assert_allclose(trained.result.loss_curve, alone.result.loss_curve, rtol=1e-5)


def test_noise_that_was_not_fitted_cannot_be_asked_for():
    fitted = ChaoticRNNRegressor(**QUICK).fit(make_lorenz63(1500, random_state=0))
    with pytest.raises(ValueError, match="fit it again"):
        fitted.set_params(process_noise=True).forecast(3)


def test_windows_of_innovations_stay_within_a_trajectory(rows):
    X = np.concatenate([rows[:1500], 1e3 + rows[:260], rows[:1500]])
    groups = np.repeat([0, 1, 2], [1500, 260, 1500])
    settings = QUICK | {"n_delays": 40, "delay": 4, "validation_fraction": 0.5}
    job = prepare(ChaoticRNNRegressor(process_noise=True, **settings), X, groups=groups)
    for windows in innovation_rows(job.series, job.plan):
        values = job.series.scaling.undo(windows)
        assert np.ptp(values, axis=1).max() < 500


def test_windows_of_a_validation_stay_within_a_trajectory(rows):
    X = np.concatenate([rows[:1200], 1e3 + rows[:900]])
    groups = np.repeat([0, 1], [1200, 900])
    settings = QUICK | {"n_delays": 40, "delay": 4, "validation_fraction": 0.9}
    job = prepare(ChaoticRNNRegressor(forcing_interval=5, **settings), X, groups=groups)
    validation = Validation.of(job.plan, job.series)
    for windows in (validation.windows, validation.ahead):
        assert np.ptp(job.series.scaling.undo(windows), axis=1).max() < 500


def test_who_says_so_is_not_told(rows):
    with warnings.catch_warnings():
        warnings.simplefilter("error", NotChaoticWarning)
        ChaoticRNNRegressor(process_noise=True, **QUICK).fit(rows)


def test_forecasts_differ_between_contexts_and_not_between_calls(rows, model):
    contexts = np.repeat(rows[None, :40], 3, axis=0)
    run = model.forecast(10, contexts)
    assert np.ptp(run, axis=0).min() > 0
    assert_array_equal(run, model.forecast(10, contexts))
    other = copy(model).set_params(random_state=1)
    assert not np.array_equal(run, other.forecast(10, contexts))


def test_first_step_is_the_prediction_and_an_innovation(rows, model):
    known = model.innovations_[:, 0] * model.scale_
    ahead = model.forecast(1, rows[:50])[0] - model.predict(rows[:50])[-1]
    assert np.abs(known - ahead).min() < 1e-9


def test_frames_keep_their_index(rows, model):
    X = pd.DataFrame(rows, index=pd.date_range("2024", periods=len(rows), freq="h"), columns=["t"])
    with pytest.warns(NotChaoticWarning):
        fitted = ChaoticRNNRegressor(**QUICK).fit(X)
    assert fitted.forecast(3).index[0] == X.index[-1] + pd.Timedelta("1h")


def test_chaos_is_not_taken_for_noise_unless_one_says_so():
    X = make_lorenz63(1500, random_state=0)
    fitted = ChaoticRNNRegressor(**QUICK).fit(X)
    assert_array_equal(fitted.process_noise_, 0)
    assert fitted.innovations_.shape == (0, 3)
    told = ChaoticRNNRegressor(process_noise=True, **QUICK).fit(X)
    assert (told.process_noise_ > 0).all()


def test_rows_too_few_to_tell_are_not_taken_for_noise():
    X = make_lorenz63(600, random_state=0)
    with pytest.warns(NotChaoticWarning, match="mean periods.*falls back to"):
        fitted = ChaoticRNNRegressor(**QUICK).fit(X)
    assert_array_equal(fitted.process_noise_, 0)


def test_noise_is_not_carried_if_one_says_so(rows):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotChaoticWarning)
        fitted = ChaoticRNNRegressor(process_noise=False, **QUICK).fit(rows)
    assert_array_equal(fitted.process_noise_, 0)
    assert fitted.forcing_interval_ == 30


def _validated(rows, **settings):
    """Return what an estimator would judge its trainings by, and a network for it."""
    settings = QUICK | {"process_noise": True, "n_delays": 5, "delay": 1} | settings
    job = prepare(ChaoticRNNRegressor(**settings), rows)
    network = new_network("lstm", 8, n_features=1, inference="window", n_delays=5, seed=0)
    return Validation.of(job.plan, job.series), Stack.of([network], torch.device("cpu")).model


def test_runs_are_held_against_all_rows(rows):
    # The rows set aside are one season of a series that moves by seasons.
    seasons = rows + 30 * np.sin(np.arange(len(rows)) * 2 * np.pi / len(rows))[:, None]
    validation, _ = _validated(seasons)
    assert_allclose(validation.truth, (seasons - seasons.mean()) / seasons.std())
    assert np.ptp(validation.windows) > 0.8 * np.ptp(validation.truth)  # and begin in all of them


def test_a_state_that_runs_like_the_rows_scores_better_than_one_that_rests(rows):
    validation, network = _validated(rows)
    # What a network that foresees nothing misses are the rows themselves.
    living = torch.as_tensor(validation.one_step[0][None, :, -1], dtype=torch.float32)
    [alive] = score_models([validation], network, living)
    [still] = score_models([validation], network, 0 * living)
    [loud] = score_models([validation], network, 10 * living)
    assert alive < 1 < still  # white noise has the values, not the spectrum, of an oscillator
    assert loud > 2 * alive


def test_the_error_of_a_state_is_that_of_rows_set_aside(rows):
    validation, network = _validated(rows)
    trained, held_out = validation.one_step
    missed = innovations(network, torch.as_tensor(held_out[None], dtype=torch.float32), WINDOW)
    foreseen = held_out.copy()
    foreseen[:, -1] -= missed[0].numpy()
    [(_, error)] = judge_models([validation], network)
    [(_, none)] = judge_models([replace(validation, one_step=(trained, foreseen))], network)
    assert_allclose(error, float(missed.square().mean()) ** 4, rtol=1e-4)
    assert none < 1e-6 * error


def _noisy_run(model, windows, pool):
    closed = ClosedLoop(model, WINDOW)
    return closed.noisy_run(closed.infer(windows), 20, pool, torch.Generator().manual_seed(7))


def test_models_of_a_stack_run_as_each_alone():
    generator = torch.Generator().manual_seed(0)
    networks = [
        new_network("lstm", 8, n_features=1, inference="window", n_delays=5, seed=seed)
        for seed in (0, 1)
    ]
    windows, pool = (torch.randn(2, *s, 1, generator=generator) for s in ((3, 5), (50,)))
    run = [_noisy_run(model, windows[i], pool[i]) for i, model in enumerate(networks)]
    stacked = _noisy_run(Stack.of(networks, torch.device("cpu")).model, windows, pool)
    assert_allclose(stacked, torch.stack(run), atol=1e-5)  # float32, 20 steps


def test_scorers_of_forecasts_take_the_mean_of_runs(rows, model):
    scorer = make_dynamics_scorer(prediction_error, n_steps=10)
    test = struck_oscillator(400, seed=1)
    still = scorer(copy(model).set_params(process_noise=False), test)
    one_run = copy(model)
    one_run.__class__ = type("OneRun", (ChaoticRNNRegressor,), {"_is_random": False})
    assert_allclose(scorer(model, test), still, rtol=0.1)
    assert scorer(one_run, test) < 1.2 * scorer(model, test)  # negative errors
    inner = ChaoticRNNRegressor(process_noise=True, **QUICK)
    wrapped = TransformedForecaster(inner, StandardScaler())
    assert wrapped.fit(rows)._is_random


@pytest.mark.parametrize("is_told", [True, "auto"])
def test_the_interval_is_one_step(rows, is_told):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotChaoticWarning)
        assert ChaoticRNNRegressor(process_noise=is_told, **QUICK).fit(rows).forcing_interval_ == 1
    if is_told is True:  # also where there is an exponent
        X = make_lorenz63(1500, random_state=0)
        assert ChaoticRNNRegressor(process_noise=True, **QUICK).fit(X).forcing_interval_ == 1


def test_noise_of_observation_is_not_taken_from_what_noise_drives():
    # It cannot be told from the other, and forecasts begin from rows as they are.
    X = make_lorenz63(2000, noise=0.1, random_state=0)
    job = prepare(ChaoticRNNRegressor(process_noise=True), X)
    assert_array_equal(job.series.rows, X)
    assert job.filter is None
    plain = prepare(ChaoticRNNRegressor(), X)
    assert plain.series.noise_level.min() > 0.05


def test_what_is_set_after_a_fit_is_looked_at(model):
    with pytest.raises(ValueError, match=r"'process_noise' parameter .* Got 'no'"):
        copy(model).set_params(process_noise="no").forecast(3)


# ------------------------------------------------------------------------------ a second look
@pytest.fixture(scope="module")
def undecided():
    """Chaos, but too short and noisy to tell; ten updates make a model that dies."""
    rows = make_roessler(1000, random_state=3)
    noise = np.random.default_rng(0).standard_normal(rows.shape)
    return rows + 0.05 * rows.std(axis=0) * noise


def trained_of(rows, **settings):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = ChaoticRNNRegressor(**QUICK, **settings).fit(rows)
    return model, [str(warning.message) for warning in caught]


def test_undecided_rows_whose_model_dies_are_taken_for_noise_driven(undecided):
    model, messages = trained_of(undecided)
    assert any("free runs of the model came to an end" in message for message in messages)
    assert model.n_init_ == 2
    assert model.closed_loop_
    assert (model.process_noise_ > 0).all()
    assert model.reconstruction_report_["regime"] == "driven by noise"
    said_so, messages = trained_of(undecided, process_noise=True)
    assert not any("came to an end" in message for message in messages)
    assert_array_equal(model.forecast(20), said_so.forecast(20))


@pytest.mark.parametrize("said", [{"process_noise": False}, {"forcing_interval": 20}])
def test_who_says_deterministic_gets_it(undecided, said):
    model, _ = trained_of(undecided, **said)
    assert model.n_init_ == 1
    assert (model.process_noise_ == 0).all()
    assert model.reconstruction_report_["regime"] in {"fixed point", "cycle"}


def test_a_search_looks_again_too(undecided):
    split = np.arange(900), np.arange(900, 1000)
    search = ChaoticRNNRegressorCV(
        ChaoticRNNRegressor(**QUICK), {"tol": [0.5]}, scoring=None, cv=[split], refit=False
    )
    with pytest.warns(NotChaoticWarning, match="came to an end"):
        search.fit(undecided)
    alone, _ = trained_of(undecided[:900])
    assert alone.n_init_ == 2
    assert search.cv_results_["mean_test_score"] == [alone.score(undecided[900:])]


def test_an_interrupt_during_the_second_look_keeps_the_first(undecided, monkeypatch):
    whole, _ = trained_of(undecided, process_noise=False)
    nothing = Trained(TrainingResult(weights={}, stopped="interrupted"), 1, np.nan, True)
    train = _fit.train_models
    monkeypatch.setattr(
        "skchaos._fit.train_models",
        lambda jobs: [nothing] if jobs[0].plan.is_noise_driven else train(jobs),
    )
    model, messages = trained_of(undecided)
    assert any("interrupted" in message for message in messages)
    assert model.stopped_ == "interrupted"
    assert_array_equal(model.forecast(20), whole.forecast(20))
