"""ChaoticRNNRegressor: the scikit-learn contract, forecasts, and what a user must not lose."""

import pickle
import subprocess
import sys
import warnings
from copy import copy
from dataclasses import replace
from types import SimpleNamespace
from typing import ClassVar

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.metrics import r2_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from skchaos import ChaoticRNNRegressor, _fit
from skchaos._plan import _interval, measure
from skchaos._prepare import check_series, prepare
from skchaos._series import Scaling
from skchaos._validation import Validation, forecast_errors
from skchaos.core import CELLS, Stack, TrainingResult, _training
from skchaos.datasets import make_henon, make_lorenz63
from skchaos.exceptions import (
    DivergenceWarning,
    InterruptedWarning,
    NotChaoticWarning,
    PoorFitWarning,
)

QUICK = {"max_iter": 10, "n_hidden": 8, "n_init": 1, "random_state": 0}
MEMORY = "a window of recent rows infers the state, so that a row depends on the rows before it"
NEEDS_MEMORY = {
    "check_methods_sample_order_invariance": MEMORY,
    "check_methods_subset_invariance": MEMORY,
}
NO_TARGET = "the subclass ignores y: the target of a row is the next row"
NEEDS_TARGET = {
    "check_fit_score_takes_y": NO_TARGET,
    "check_pipeline_consistency": NO_TARGET,
    "check_regressors_train": NO_TARGET,
    "check_regressor_multioutput": NO_TARGET,
    "check_supervised_y_no_nan": NO_TARGET,
}


class WithoutTarget(ChaoticRNNRegressor):
    """The y=None path, which scikit-learn's checks never take."""

    def fit(self, X, y=None, *, groups=None):
        return super().fit(X, groups=groups)


def expected_failures(estimator):
    failures = {} if estimator.n_delays == 1 else NEEDS_MEMORY
    return failures | (NEEDS_TARGET if isinstance(estimator, WithoutTarget) else {})


# The checks fit random rows, of which none is chaotic and few are many.
@pytest.mark.filterwarnings("ignore::skchaos.exceptions.NotChaoticWarning")
# scikit-learn skips a check where the array API is not switched on.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(
    [
        ChaoticRNNRegressor(max_iter=5),
        ChaoticRNNRegressor(max_iter=5, n_delays=1),
        WithoutTarget(max_iter=5),
    ],
    expected_failed_checks=expected_failures,
)
def test_scikit_learn_contract(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def lorenz():
    return make_lorenz63(1500, random_state=0)


@pytest.fixture(scope="module")
def model(lorenz):
    return ChaoticRNNRegressor(dt=0.01, **QUICK).fit(lorenz)


def hourly(n_rows, seed=0):
    index = pd.date_range("2024-03-01", periods=n_rows, freq="h")
    rows = make_henon(n_rows, random_state=seed)
    return pd.DataFrame(rows, index=index, columns=["wind", "rain"])


class TestForecast:
    def test_continues_the_training_rows(self, lorenz, model):
        assert_array_equal(model.forecast(7), model.forecast(7, lorenz))
        assert model.forecast(7).shape == (7, 3)
        assert model.forecast(7).dtype == np.float64

    def test_only_the_context_rows_count(self, lorenz, model):
        context = lorenz[-model.n_context_ :]
        assert_array_equal(model.forecast(7), model.forecast(7, context))
        earlier = model.forecast(7, lorenz[:-1])
        assert not np.allclose(earlier, model.forecast(7))

    def test_first_step_is_the_prediction_of_the_last_row(self, lorenz, model):
        assert_allclose(model.forecast(3)[0], model.predict(lorenz)[-1], rtol=1e-12)

    def test_longer_forecast_begins_as_the_shorter(self, model):
        assert_allclose(model.forecast(12_000)[:50], model.forecast(50), rtol=1e-9)

    def test_many_contexts_are_each_one(self, lorenz, model):
        contexts = np.stack([lorenz[:100], lorenz[300:400]])
        many = model.forecast(20, contexts)
        assert many.shape == (2, 20, 3)
        for context, run in zip(contexts, many, strict=True):
            assert_allclose(run, model.forecast(20, context), rtol=1e-9)

    def test_frame_goes_on_on_its_index(self):
        X = hourly(400)
        model = ChaoticRNNRegressor(**QUICK).fit(X)
        forecast = model.forecast(48)
        assert_array_equal(forecast.index, pd.date_range(X.index[-1], periods=49, freq="h")[1:])
        assert forecast.columns.equals(X.columns)
        context = X.iloc[100:200]
        later = model.forecast(5, context)
        assert_array_equal(later.index, X.index[200:205])
        assert_array_equal(later, model.forecast(5, X.iloc[:200]))

    def test_array_context_of_a_frame_model_gives_an_array(self):
        X = hourly(300)
        model = ChaoticRNNRegressor(**QUICK).fit(X)
        with warnings.catch_warnings():
            # scikit-learn's own: "X does not have valid feature names".
            warnings.simplefilter("ignore", UserWarning)
            run = model.forecast(4, X.to_numpy())
        assert isinstance(run, np.ndarray)
        assert_array_equal(run, model.forecast(4))


class TestPredict:
    def test_never_uses_later_rows(self, lorenz, model):
        k = 60
        assert_allclose(model.predict(lorenz)[:k], model.predict(lorenz[:k]), rtol=1e-10)

    def test_before_the_first_row_stands_the_first_row_again(self, lorenz, model):
        alone = model.predict(lorenz[:1])
        assert_allclose(model.predict(np.repeat(lorenz[:1], 30, axis=0))[-1:], alone, rtol=1e-12)
        assert_allclose(model.predict(lorenz)[:1], alone, rtol=1e-12)

    def test_score_compares_with_the_next_row(self, lorenz, model):
        expected = r2_score(lorenz[1:], model.predict(lorenz)[:-1])
        assert model.score(lorenz) == expected != r2_score(lorenz, model.predict(lorenz))

    def test_chunks_do_not_show(self, lorenz, model, monkeypatch):
        from skchaos import _engine

        whole = model.predict(lorenz)
        monkeypatch.setattr(_engine, "CHUNK", 71)
        assert_allclose(model.predict(lorenz), whole, rtol=1e-10)

    def test_aligned_target(self, lorenz):
        y = lorenz[:, 0] * 2 + 1
        one = ChaoticRNNRegressor(**QUICK).fit(lorenz, y)
        assert one.predict(lorenz).shape == y.shape
        two = ChaoticRNNRegressor(**QUICK).fit(lorenz, np.stack([y, -y], axis=1))
        assert two.predict(lorenz).shape == (len(y), 2)
        assert one.forecast(3).shape == (3, 3)

    def test_aligned_target_is_learned(self, lorenz):
        y = lorenz[:, 0] * lorenz[:, 2]
        model = ChaoticRNNRegressor(forcing_interval=20, max_iter=400, random_state=0)
        assert model.fit(lorenz, y).score(lorenz, y) > 0.9
        with pytest.raises(ValueError, match="fitted with y"):
            model.score(lorenz)


class TestCells:
    @pytest.mark.parametrize("cell", CELLS)
    def test_every_cell_learns_forecasts_and_comes_back(self, lorenz, cell):
        settings = QUICK | {"max_iter": 200, "early_stopping": False, "forcing_interval": 10}
        model = ChaoticRNNRegressor(cell, **settings).fit(lorenz)
        assert model.loss_curve_[-1] < 0.9 * model.loss_curve_[0]
        run = model.forecast(20)
        assert_array_equal(run, pickle.loads(pickle.dumps(model)).forecast(20))
        assert np.isfinite(run).all()

    def test_number_of_rectifiers(self, lorenz):
        shapes = {}
        for cell, n_rectified in [("shallow_plrnn", "auto"), ("shallow_plrnn", 5)]:
            settings = QUICK | {"early_stopping": False, "max_iter": 1}
            model = ChaoticRNNRegressor(cell, n_rectified=n_rectified, **settings).fit(lorenz)
            shapes[n_rectified] = (model.n_rectified_, *model.cell_inner_weight_.shape)
        assert shapes == {"auto": (16, 16, 8), 5: (5, 5, 8)}

    def test_weights_of_another_cell_do_not_stay(self, lorenz):
        settings = QUICK | {"early_stopping": False, "max_iter": 1}
        fitted = ChaoticRNNRegressor("dendritic_plrnn", **settings).fit(lorenz)
        again = fitted.set_params(cell="lstm").fit(lorenz)
        fresh = ChaoticRNNRegressor("lstm", **settings).fit(lorenz)
        assert vars(again).keys() == vars(fresh).keys()

    def test_number_of_rectified_units_is_kept(self, lorenz):
        settings = QUICK | {"early_stopping": False}
        few = ChaoticRNNRegressor("al_rnn", n_rectified=1, **settings).fit(lorenz)
        changed = copy(few)
        changed.n_rectified_ = 8
        assert few.n_rectified_ == 1
        assert not np.allclose(few.forecast(20), changed.forecast(20))

    @pytest.mark.parametrize(
        ("cell", "n_rectified", "message"),
        [("lstm", 3, "leaves no choice"), ("al_rnn", 9, "number from 1 to 8")],
    )
    def test_rectifiers_that_cannot_be(self, lorenz, cell, n_rectified, message):
        with pytest.raises(ValueError, match=message):
            ChaoticRNNRegressor(cell, n_rectified=n_rectified, **QUICK).fit(lorenz)


class TestUnits:
    def test_power_of_two_scales_exactly(self, lorenz, model):
        scaled = clone(model).fit(lorenz * 8)
        assert scaled.forcing_interval_ == model.forcing_interval_
        assert_array_equal(scaled.forecast(200), 8 * model.forecast(200))

    def test_shift_and_scale(self, lorenz, model):
        moved = clone(model).fit(lorenz * 1.8 + 32)
        assert_allclose(
            moved.predict(lorenz * 1.8 + 32), model.predict(lorenz) * 1.8 + 32, rtol=1e-3
        )

    def test_other_units_change_less_than_another_seed(self, lorenz):
        def one_step(X, seed=0):
            settings = QUICK | {"max_iter": 300, "random_state": seed}
            return ChaoticRNNRegressor(**settings).fit(X).predict(X)

        unit, zero = np.array([1.8, 1e-3, 77.0]), np.array([32.0, -4.0, 1e3])
        by_seed = np.stack([one_step(lorenz, seed) for seed in range(3)])
        change = (one_step(lorenz * unit + zero) - zero) / unit - by_seed[0]
        assert (change.std(axis=0) < by_seed.std(axis=0, ddof=1).mean(axis=0)).all()

    def test_dt_is_the_unit_of_times_alone(self, lorenz, model):
        coarse = clone(model).set_params(dt=1.0).fit(lorenz)
        assert coarse.forcing_interval_ == model.forcing_interval_
        assert_allclose(coarse.lyapunov_exponent_, model.lyapunov_exponent_ * 0.01)
        assert_allclose(coarse.predictability_time_, model.predictability_time_ / 0.01)
        assert_allclose(model.predictability_time_, np.log(2) / model.lyapunov_exponent_)


class TestNothingIsLost:
    @pytest.mark.parametrize("through", ["pickle", "joblib", "skops"])
    def test_round_trips(self, model, tmp_path, through):
        path = tmp_path / "model"
        if through == "pickle":
            path.write_bytes(pickle.dumps(model))
            again = pickle.loads(path.read_bytes())
        elif through == "joblib":
            joblib.dump(model, path)
            again = joblib.load(path)
        else:
            sio = pytest.importorskip("skops.io")
            sio.dump(model, path)
            untrusted = sio.get_untrusted_types(file=path)
            assert untrusted == ["skchaos._regressor.ChaoticRNNRegressor"]
            again = sio.load(path, trusted=untrusted)
        assert_array_equal(again.forecast(30), model.forecast(30))

    def test_fitted_attributes_are_arrays_strings_and_numbers(self, lorenz):
        noisy = make_lorenz63(3000, noise=0.05, random_state=0)
        for X in (lorenz, hourly(300), noisy):
            fitted = ChaoticRNNRegressor(**QUICK).fit(X)
            learned = {k: v for k, v in vars(fitted).items() if k not in fitted.get_params()}
            assert len(learned) > 15
            report = learned.pop("reconstruction_report_")
            assert all(isinstance(reason, str) for reason in report.pop("reasons"))
            assert all(isinstance(value, (str, float)) for value in report.values())
            assert all(isinstance(v, np.ndarray) for v in learned.pop("noise_filter_").values())
            for name, value in learned.items():
                assert isinstance(value, (np.ndarray, str, int, float)), name
                assert name.endswith("_")

    def test_same_seed_same_bits_in_another_process(self, model):
        code = (
            "import sys, numpy as np; from skchaos import ChaoticRNNRegressor;"
            "from skchaos.datasets import make_lorenz63;"
            "X = make_lorenz63(1500, random_state=0);"
            "m = ChaoticRNNRegressor(dt=0.01, max_iter=10, n_hidden=8, n_init=1, random_state=0);"
            "m.fit(X);"
            "sys.stdout.buffer.write(m.forecast(50).tobytes())"
        )
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        assert run.stdout == model.forecast(50).tobytes()

    def test_without_numba_all_is_the_same_but_for_rounding(self, lorenz, monkeypatch):
        pytest.importorskip("numba")
        fitted = ChaoticRNNRegressor(**QUICK).fit(lorenz)
        monkeypatch.setattr("skchaos.core._compiled.has_compiler", lambda: False)
        plain = ChaoticRNNRegressor(**QUICK).fit(lorenz)
        assert fitted.loss_curve_ == pytest.approx(plain.loss_curve_, rel=1e-4)
        assert (fitted.loss_curve_ != plain.loss_curve_).any()

    def test_fit_leaves_the_generator_and_threads_of_torch(self, lorenz):
        import torch

        torch.manual_seed(1)
        n_threads = torch.get_num_threads()
        torch.set_num_threads(n_threads + 1)
        before = torch.get_rng_state(), n_threads + 1
        ChaoticRNNRegressor(**(QUICK | {"random_state": None})).fit(lorenz)
        assert torch.equal(before[0], torch.get_rng_state())
        found = torch.get_num_threads()
        torch.set_num_threads(n_threads)
        assert found == before[1]

    def test_an_interrupt_before_there_is_anything_to_keep_is_one(self, lorenz, monkeypatch):
        from skchaos.core import _gradients

        def interrupted(*args):
            raise KeyboardInterrupt

        monkeypatch.setattr(_gradients, "add_gradients", interrupted)
        with pytest.raises(KeyboardInterrupt):
            ChaoticRNNRegressor(**QUICK).fit(lorenz)

    def test_interrupt_keeps_a_fitted_model(self, lorenz, monkeypatch):
        from skchaos.core import _gradients

        healthy, calls = _gradients.add_gradients, []

        def interrupted(*args):
            calls.append(None)
            if len(calls) == 6:
                raise KeyboardInterrupt
            return healthy(*args)

        monkeypatch.setattr(_gradients, "add_gradients", interrupted)
        with pytest.warns(InterruptedWarning, match=r"after 5 of 10 updates. Set warm_start"):
            fitted = ChaoticRNNRegressor(**QUICK).fit(lorenz)
        assert fitted.stopped_ == "interrupted"
        assert np.isfinite(fitted.forecast(10)).all()

    def test_divergence_is_loud_and_leaves_no_nan(self, lorenz, monkeypatch):
        from skchaos.core import _gradients

        healthy, calls = _gradients.add_gradients, []

        def sick(*args):
            calls.append(None)
            return healthy(*args) * (np.nan if len(calls) == 3 else 1)

        monkeypatch.setattr(_gradients, "add_gradients", sick)
        with pytest.warns(DivergenceWarning, match="learning_rate below 0.003"):
            fitted = ChaoticRNNRegressor(**QUICK).fit(lorenz)
        assert np.isfinite(fitted.forecast(10)).all()

    def test_warm_start_goes_on(self, lorenz):
        warm = ChaoticRNNRegressor(warm_start=True, early_stopping=False, **QUICK).fit(lorenz)
        first = warm.loss_curve_[0]
        warm.fit(lorenz)
        assert warm.loss_curve_[0] < first

    @pytest.mark.parametrize(
        ("name", "value"),
        [("n_hidden", 9), ("cell", "gru"), ("n_delays", 7), ("state_inference", "pseudo_inverse")],
    )
    def test_warm_start_keeps_the_network(self, lorenz, name, value):
        warm = ChaoticRNNRegressor(warm_start=True, **QUICK).fit(lorenz)
        with pytest.raises(ValueError, match=f"warm_start=True.*{name}={value!r}"):
            warm.set_params(**{name: value}).fit(lorenz)

    def test_warm_start_keeps_what_is_left_to_it(self, lorenz):
        settings = QUICK | {"n_hidden": 20}
        warm = ChaoticRNNRegressor("al_rnn", n_rectified=10, **settings).fit(lorenz)
        ahead = warm.forecast(20)
        left = {"n_hidden": "auto", "n_rectified": "auto", "learning_rate": 1e-12}
        warm.set_params(warm_start=True, max_iter=1, **left).fit(lorenz)
        assert (warm.n_hidden_, warm.n_rectified_) == (20, 10)
        assert_allclose(warm.forecast(20), ahead, rtol=1e-4)

    def test_warm_start_on_few_new_rows_keeps_what_the_weights_were_learned_with(self):
        X = make_lorenz63(3000, random_state=0)
        warm = ChaoticRNNRegressor(warm_start=True, dt=0.01, **QUICK).fit(X[:2500])
        before = copy(vars(warm))
        assert warm.forcing_interval_ > 20
        warm.fit(X[2500:])  # on one side of the attractor, and with an interval of its own
        for name in ("mean_", "scale_", "data_min_"):
            assert_array_equal(getattr(warm, name), before[name])
        for name in ("forcing_interval_", "n_delays_", "delay_", "closed_loop_"):
            assert getattr(warm, name) == before[name]
        with pytest.warns(NotChaoticWarning):
            alone = ChaoticRNNRegressor(dt=0.01, **QUICK).fit(X[2500:])
        assert not np.array_equal(alone.mean_, warm.mean_)
        assert alone.forcing_interval_ != warm.forcing_interval_

    def test_warm_start_takes_noise_from_rows_of_another_scale(self):
        X = make_lorenz63(2500, noise=0.05, random_state=0)
        warm = ChaoticRNNRegressor(warm_start=True, dt=0.01, **QUICK).fit(X)
        before = warm.noise_level_
        warm.fit(4 * X)
        assert_allclose(warm.noise_level_, 4 * before, rtol=1e-6)

    def test_warm_start_keeps_the_filter_where_no_noise_is_found(self):
        X = make_lorenz63(2500, noise=0.05, random_state=0)
        warm = ChaoticRNNRegressor(warm_start=True, dt=0.01, **QUICK).fit(X)
        assert warm.noise_filter_
        before, n_context = warm.noise_filter_, warm.n_context_
        warm.fit(X[:150])
        assert warm.n_context_ == n_context
        assert before.keys() == warm.noise_filter_.keys()
        for name, value in before.items():
            assert_array_equal(warm.noise_filter_[name], value)

    def test_warm_start_on_rows_without_room_for_the_interval_shortens_it(self):
        X = make_lorenz63(3000, random_state=0)
        warm = ChaoticRNNRegressor(warm_start=True, dt=0.01, early_stopping=False, **QUICK).fit(X)
        warm.fit(X[:60])
        assert 2 <= warm.forcing_interval_ <= 60 - warm.n_delays_

    def test_warm_start_with_another_kind_of_runs_asks_for_the_interval_anew(self, lorenz):
        warm = ChaoticRNNRegressor(warm_start=True, dt=0.01, **QUICK).fit(lorenz)
        assert warm.forcing_interval_ > 1
        warm.set_params(process_noise=True).fit(lorenz)
        alone = ChaoticRNNRegressor(process_noise=True, dt=0.01, **QUICK).fit(lorenz)
        assert warm.forcing_interval_ == alone.forcing_interval_

    def test_warm_start_keeps_window_columns_and_targets(self):
        X = hourly(400)
        warm = ChaoticRNNRegressor(warm_start=True, **(QUICK | {"max_iter": 1})).fit(X)
        window = warm.n_delays_, warm.delay_
        slow = pd.DataFrame(np.cumsum(X.to_numpy(), axis=0), X.index, X.columns)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotChaoticWarning)
            assert ChaoticRNNRegressor(**QUICK).fit(slow.iloc[:70]).n_delays_ != window[0]
            warm.fit(slow.iloc[:70])
        assert (warm.n_delays_, warm.delay_) == window
        with pytest.raises(ValueError, match="order"):
            warm.fit(X[["rain", "wind"]])
        with pytest.raises(ValueError, match=r"0 target.*y has 1"):
            warm.fit(X, X["wind"])
        with pytest.raises(ValueError, match="one time step"):
            warm.fit(X.iloc[::2])

    def test_a_refused_refit_leaves_the_fit_as_it_was(self, lorenz):
        fitted = ChaoticRNNRegressor(**QUICK).fit(lorenz)
        before = fitted.forecast(5)
        with pytest.raises(ValueError, match="constant"):
            fitted.fit(np.ones((100, 2)))
        assert_array_equal(fitted.forecast(5), before)

    def test_a_state_that_blew_up_is_not_kept(self, lorenz):
        with pytest.raises(RuntimeError, match="learning_rate=1e"):
            ChaoticRNNRegressor(learning_rate=1e30, **QUICK).fit(lorenz)

    def test_scales_beyond_the_squares_of_numbers(self, lorenz):
        unit = 2.0**600
        plain = ChaoticRNNRegressor(**QUICK).fit(lorenz, lorenz[:, 0])
        large = ChaoticRNNRegressor(**QUICK).fit(unit * lorenz, unit * lorenz[:, 0])
        assert_array_equal(large.forecast(5), unit * plain.forecast(5))
        assert_array_equal(large.predict(unit * lorenz), unit * plain.predict(lorenz))


class TestForcingInterval:
    def test_auto_is_measured_on_the_training_rows_alone(self, lorenz):
        settings = QUICK | {"validation_fraction": 0.2}
        plain = ChaoticRNNRegressor(**settings).fit(lorenz)
        changed = lorenz.copy()
        changed[1200:] = changed[1200:][::-1]  # same values, so the same scales, in another order
        # Summed in another order the scales differ by rounding, which the map's equations amplify;
        # so they are kept, and then all is equal to the last bit.
        scaling = Scaling.of(lorenz)

        def exponent(X):
            model = ChaoticRNNRegressor(**settings)
            series = replace(check_series(model, X, None, None), scaling=scaling)
            return measure(model, series)[1].lambda_max

        assert exponent(changed) == plain.lyapunov_exponent_
        changed[:1200] = changed[:1200][::-1]
        assert exponent(changed) != pytest.approx(plain.lyapunov_exponent_, rel=0.1)

    @pytest.mark.parametrize(("noise", "noise_level"), [(0.0, "auto"), (0.1, "auto"), (0.1, 0)])
    def test_auto_is_the_predictability_time(self, noise, noise_level):
        X = make_lorenz63(4000, noise=noise, random_state=0)
        fitted = ChaoticRNNRegressor(dt=0.01, noise_level=noise_level, **QUICK).fit(X)
        assert fitted.forcing_interval_ == round(fitted.predictability_time_ / 0.01)

    @pytest.mark.parametrize(("room", "interval"), [(10_000, 100), (300, 30), (7, 1)])
    def test_auto_is_capped(self, room, interval):
        measured = SimpleNamespace(lambda_max=1e-4, regime="chaos", prediction_error=0)
        assert _interval(ChaoticRNNRegressor(), measured, room, False) == interval

    def test_not_chaotic_falls_back_and_says_so(self):
        rows = np.sin(0.3 * np.arange(1000))[:, None]
        with pytest.warns(NotChaoticWarning, match="falls back to 30 steps") as caught:
            fitted = ChaoticRNNRegressor(**QUICK).fit(rows)
        assert caught[0].filename == __file__  # the line that a user wrote
        assert fitted.forcing_interval_ == 30

    def test_given_interval_is_used(self, lorenz):
        assert ChaoticRNNRegressor(forcing_interval=7, **QUICK).fit(lorenz).forcing_interval_ == 7

    @pytest.mark.parametrize("cell", ["lstm", "gru", "elman", "plrnn"])
    @pytest.mark.parametrize("state_inference", ["window", "pseudo_inverse"])
    def test_all_cells_and_inferences_fit(self, lorenz, cell, state_inference):
        settings = QUICK | {"n_delays": 5 if state_inference == "window" else "auto"}
        fitted = ChaoticRNNRegressor(cell, state_inference=state_inference, **settings).fit(lorenz)
        assert np.isfinite(fitted.forecast(20)).all()
        assert (fitted.n_context_ == 1) == (state_inference == "pseudo_inverse")


class TestHeldOutRows:
    def test_window_may_be_longer_than_the_rows_set_aside(self, lorenz):
        fitted = ChaoticRNNRegressor(n_delays=20, delay=10, **QUICK).fit(lorenz)
        assert len(fitted.validation_scores_) == 10

    @pytest.mark.parametrize(("n_rows", "fraction"), [(120, 0.9), (120, 0.1), (1500, 0.99)])
    def test_without_a_hundred_rows_on_either_side_none_are_set_aside(
        self, lorenz, n_rows, fraction
    ):
        settings = QUICK | {"forcing_interval": 5, "validation_fraction": fraction}
        fitted = ChaoticRNNRegressor(**settings).fit(lorenz[:n_rows])
        assert len(fitted.validation_scores_) == 0
        assert np.isnan(fitted.validation_score_)

    def test_column_that_stands_still_there_is_left_out_of_the_score(self, lorenz):
        X = lorenz.copy()
        X[1340:, 1] = 0
        assert np.isfinite(ChaoticRNNRegressor(**QUICK).fit(X).validation_scores_).all()


class TestTrainingAgain:
    TWICE: ClassVar[dict] = QUICK | {"n_init": 2}

    def test_a_training_that_never_began_is_not_kept(self, lorenz, monkeypatch):
        train = _fit.train

        def second_diverges(stack, sources, **kwargs):
            first, _ = train(stack, sources, **kwargs)
            return [first, TrainingResult(weights={}, stopped="diverged")]

        monkeypatch.setattr(_fit, "train", second_diverges)
        monkeypatch.setattr(_fit, "comes_to_an_end", lambda *_: True)
        assert ChaoticRNNRegressor(**self.TWICE).fit(lorenz).n_iter_ == QUICK["max_iter"]

    def trainings(self, lorenz, monkeypatch):
        """Return a fitted model, what came of its trainings, and their configurations."""
        seen, train = [], _fit.train

        def spy(stack, sources, **kwargs):
            results = train(stack, sources, **kwargs)
            seen.extend(zip(results, (source.config for source in sources), strict=True))
            return results

        monkeypatch.setattr(_fit, "train", spy)
        return ChaoticRNNRegressor(**self.TWICE).fit(lorenz), *zip(*seen, strict=True)

    def test_of_the_poor_the_better_score_is_kept(self, lorenz, monkeypatch):
        monkeypatch.setattr("skchaos._fit.GOOD_ENOUGH", 0.0)
        fitted, results, _ = self.trainings(lorenz, monkeypatch)
        one, two = results
        assert fitted.n_init_ == 2
        assert one.score != two.score
        better = min(results, key=lambda result: result.score)
        assert fitted.validation_score_ == better.score
        assert fitted.validation_scores_.tolist() == better.validation_scores
        assert_array_equal(fitted.readout_bias_, better.weights["readout.bias"])

    @pytest.mark.parametrize("better", [0, 1])
    def test_of_the_good_one_is_kept_by_score_and_forecast_error(self, lorenz, monkeypatch, better):
        monkeypatch.setattr("skchaos._fit.GOOD_ENOUGH", 1e6)
        _, results, _ = self.trainings(lorenz, monkeypatch)
        products = [0.1, 0.11] if better == 0 else [0.11, 0.1]
        for product, result in zip(products, results, strict=True):
            result.error = product / result.score
        monkeypatch.setattr("skchaos._fit._train", lambda *given: results)
        fitted = ChaoticRNNRegressor(**self.TWICE).fit(lorenz)
        assert_array_equal(fitted.readout_bias_, results[better].weights["readout.bias"])

    def test_a_good_one_goes_before_a_poor_one(self, lorenz, monkeypatch):
        _, results, _ = self.trainings(lorenz, monkeypatch)
        scores = sorted(result.score for result in results)
        fitted = ChaoticRNNRegressor(**self.TWICE).fit(lorenz)
        limit = np.mean(scores) / fitted.validation_floor_
        monkeypatch.setattr("skchaos._fit.GOOD_ENOUGH", limit)
        assert ChaoticRNNRegressor(**self.TWICE).fit(lorenz).validation_score_ == scores[0]

    @pytest.mark.parametrize("ending", [0, 1])
    def test_one_that_goes_on_goes_before_one_that_ends(self, lorenz, monkeypatch, ending):
        monkeypatch.setattr("skchaos._fit.GOOD_ENOUGH", 1e6)
        _, results, _ = self.trainings(lorenz, monkeypatch)
        results[ending].error *= 1e-6
        for name in ("cell.weight", "cell.bias"):  # a state that fades
            results[ending].weights[name] = torch.zeros_like(results[ending].weights[name])
        monkeypatch.setattr(_fit, "_train", lambda *given: results)
        job = prepare(ChaoticRNNRegressor(**self.TWICE), lorenz)
        assert _fit.ends(job, results[ending])
        # The other has learnt nothing yet either.
        monkeypatch.setattr(
            _fit, "comes_to_an_end", lambda engine, *given: not engine.model.cell.weight.any()
        )
        fitted = ChaoticRNNRegressor(**self.TWICE).fit(lorenz)
        assert_array_equal(fitted.readout_bias_, results[1 - ending].weights["readout.bias"])

    def test_each_is_what_it_would_be_alone(self, lorenz, monkeypatch):
        _, (first, second), (slow, fast) = self.trainings(lorenz, monkeypatch)
        alone = ChaoticRNNRegressor(**QUICK).fit(lorenz)
        assert_array_equal(alone.readout_bias_, first.weights["readout.bias"])
        assert fast.learning_rate == 3 * slow.learning_rate
        assert fast.seed != slow.seed
        assert not np.allclose(alone.readout_bias_, second.weights["readout.bias"])

    def test_forecast_errors_are_those_of_forecasts(self, lorenz):
        fitted = ChaoticRNNRegressor(forcing_interval=7, **QUICK).fit(lorenz)
        job = prepare(ChaoticRNNRegressor(forcing_interval=7, **QUICK), lorenz)
        validation = Validation.of(job.plan, job.series)
        scaling, n_context = fitted._engine().scaling, fitted.n_context_
        contexts, future = np.split(validation.ahead, [n_context], axis=1)
        ahead = fitted.forecast(7, scaling.undo(contexts))
        wanted = np.mean((scaling.apply(ahead) - future) ** 2)
        model = Stack.of([fitted._engine().model.float()]).model
        assert forecast_errors([validation], model) == pytest.approx([wanted], rel=1e-5)
        held_out = scaling.apply(lorenz[1350:])
        assert_allclose(contexts[0, -1], held_out[0])
        assert_allclose(future[-1, -1], held_out[-1])

    def test_a_poor_fit_is_announced(self, lorenz):
        with pytest.warns(PoorFitWarning, match="scores .* against .*larger max_iter than 10"):
            fitted = ChaoticRNNRegressor(**QUICK).fit(lorenz)
        assert fitted.validation_score_ > 3 * fitted.validation_floor_

    def test_a_good_fit_is_not(self, lorenz, monkeypatch):
        monkeypatch.setattr("skchaos._fit.GOOD_ENOUGH", 1e6)
        monkeypatch.setattr("skchaos._reconstruction._reasons", lambda found: [])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            ChaoticRNNRegressor(**QUICK).fit(lorenz)

    def test_there_is_one_where_nothing_is_set_aside_or_training_goes_on(self, lorenz):
        settings = self.TWICE | {"early_stopping": False}
        plain = ChaoticRNNRegressor(**settings).fit(lorenz)
        assert plain.n_init_ == 1
        assert np.isnan(plain.validation_floor_)
        warm = ChaoticRNNRegressor(warm_start=True, **self.TWICE).fit(lorenz)
        assert warm.n_init_ == 2
        assert warm.fit(lorenz).n_init_ == 1

    def test_an_interrupt_keeps_the_better_state_so_far(self, lorenz, monkeypatch):
        healthy, calls = _training.losses, []

        def interrupted(*args, **kwargs):
            calls.append(None)
            if len(calls) == 4:
                raise KeyboardInterrupt
            return healthy(*args, **kwargs)

        monkeypatch.setattr(_training, "losses", interrupted)
        with pytest.warns(InterruptedWarning, match="after 3 of 10 updates"):
            fitted = ChaoticRNNRegressor(**self.TWICE).fit(lorenz)
        assert (fitted.stopped_, fitted.n_init_, fitted.n_iter_) == ("interrupted", 2, 3)
        assert np.isfinite(fitted.forecast(9)).all()


class TestTrajectories:
    def test_a_last_trajectory_shorter_than_a_context_cannot_be_continued(self, lorenz):
        groups = np.repeat([0, 1], [1498, 2])
        fitted = ChaoticRNNRegressor(n_delays=5, **QUICK).fit(lorenz, groups=groups)
        with pytest.raises(ValueError, match=r"2 row\(s\)"):
            fitted.forecast(1)
        assert fitted.forecast(1, lorenz[:100]).shape == (1, 3)

    def test_groups_train_on_several_trajectories(self, lorenz):
        groups = np.repeat(["a", "b"], 750)
        fitted = ChaoticRNNRegressor(**QUICK).fit(lorenz, groups=groups)
        assert_array_equal(fitted.context_, lorenz[-fitted.n_context_ :])

    def test_all_trajectories_have_one_step(self):
        daily = hourly(200, seed=1).set_axis(pd.date_range("2025", periods=200, freq="D"))
        groups = np.repeat([0, 1], 200)
        with pytest.raises(ValueError, match="one time step"):
            ChaoticRNNRegressor(**QUICK).fit(pd.concat([hourly(200), daily]), groups=groups)

    def test_a_trajectory_of_one_row_has_the_step_of_the_others(self):
        X = hourly(200)
        fitted = ChaoticRNNRegressor(**(QUICK | {"n_delays": 1})).fit(
            X, groups=np.repeat([0, 1], [199, 1])
        )
        assert fitted.forecast(1).index[0] == X.index[-1] + pd.Timedelta("1h")

    def test_index_may_start_again(self):
        X = pd.concat([hourly(200), hourly(200, seed=1)])
        with pytest.raises(ValueError, match="groups="):
            ChaoticRNNRegressor(**QUICK).fit(X)
        fitted = ChaoticRNNRegressor(**QUICK).fit(X, groups=np.repeat([0, 1], 200))
        assert fitted.forecast(1).index[0] == X.index[-1] + pd.Timedelta("1h")


ROWS = np.random.default_rng(0).normal(size=(60, 2))
BAD_DATA = {
    "not numeric": (np.array([["a"], ["b"]] * 30), "could not convert"),
    "too few rows": (ROWS[:3], "minimum of 5"),
    "one axis": (ROWS[:, 0], "Reshape your data"),
    "missing": (np.where(ROWS > 2, np.nan, ROWS), "NaN"),
    "infinite": (np.where(ROWS > 2, np.inf, ROWS), "infinity"),
    "constant": (pd.DataFrame({"a": ROWS[:, 0], "b": 3.0}), r"\['b'\] are constant \(value 3\)"),
}
BAD_SETTINGS = {
    "forcing_interval": (0, "'forcing_interval' parameter.*must be.*'auto'"),
    "cell": ("rnn", "elman"),
    "n_hidden": (0, "n_hidden"),
    "dt": (0.0, "dt"),
    "n_delays": (60, "spans 60 rows.*has 60"),
    "sequence_length": (1000, "from 1 to"),
    "validation_fraction": (1.0, "validation_fraction"),
}


@pytest.mark.parametrize("case", BAD_DATA)
def test_bad_data_is_refused_before_training(case, monkeypatch):
    X, message = BAD_DATA[case]
    monkeypatch.setattr("skchaos.core.train", None)
    with pytest.raises(ValueError, match=message):
        ChaoticRNNRegressor(**QUICK).fit(X)


@pytest.mark.parametrize("name", BAD_SETTINGS)
def test_bad_settings_are_refused_before_training(name):
    value, message = BAD_SETTINGS[name]
    with pytest.raises(ValueError, match=message):
        ChaoticRNNRegressor(**(QUICK | {"forcing_interval": 2} | {name: value})).fit(ROWS)


def test_interval_beyond_the_rows():
    with pytest.raises(ValueError, match=r"forcing_interval=500 .*from 1 to \d+"):
        ChaoticRNNRegressor(forcing_interval=500, **QUICK).fit(ROWS)


def test_window_and_pseudo_inverse_exclude_each_other():
    with pytest.raises(ValueError, match="one row"):
        ChaoticRNNRegressor(state_inference="pseudo_inverse", n_delays=3, **QUICK).fit(ROWS)


def test_device_that_is_not_there():
    with pytest.raises(RuntimeError, match="device='cpu'"):
        ChaoticRNNRegressor(device="cuda:7", **QUICK).fit(ROWS)


@pytest.mark.parametrize("device", ["abacus", "meta", "mps"])
def test_device_that_cannot_compute(device):
    with pytest.raises(ValueError, match=f"{device}.*'cpu', 'cuda'"):
        ChaoticRNNRegressor(device=device, **QUICK).fit(ROWS)


@pytest.mark.parametrize(
    ("n_steps", "error"), [(0, ValueError), (-3, ValueError), (2.5, TypeError), ("3", TypeError)]
)
def test_bad_n_steps(model, n_steps, error):
    with pytest.raises(error, match="n_steps"):
        model.forecast(n_steps)


def test_bad_contexts(lorenz, model):
    windowed = ChaoticRNNRegressor(n_delays=5, **QUICK).fit(lorenz)
    with pytest.raises(ValueError, match=rf"2 row\(s\).*n_context_={windowed.n_context_}"):
        windowed.forecast(3, lorenz[:2])
    with pytest.raises(ValueError, match="2 features"):
        model.forecast(3, lorenz[:, :2])
    with pytest.raises(ValueError, match="contexts of 2 columns"):
        model.forecast(3, lorenz[None, :, :2])
    X = hourly(200)
    framed = ChaoticRNNRegressor(**QUICK).fit(X)
    with pytest.raises(ValueError, match="order"):
        framed.forecast(3, X[["rain", "wind"]])
    with pytest.raises(ValueError, match="one time step"):
        framed.forecast(3, X.resample("30min").ffill())
    contexts = np.stack([X.to_numpy()] * 2)
    contexts[1, 7, 1] = np.nan
    with pytest.raises(ValueError, match="Context 1 of 2"):
        framed.forecast(3, contexts)
    for method in (framed.predict, framed.score):
        with pytest.raises(ValueError, match="holes"):
            method(X.drop(index=X.index[50]))
        with pytest.raises(ValueError, match="one time step"):
            method(X.iloc[::2])
    framed.predict(X.iloc[:1])  # one row has no step


def test_levels_of_columns_come_back():
    X = hourly(200)
    X.columns = pd.MultiIndex.from_tuples([("north", "wind"), ("north", "rain")])
    fitted = ChaoticRNNRegressor(**QUICK).fit(X)
    assert fitted.forecast(2).columns.equals(X.columns)
    assert fitted.forecast(2, X).columns.equals(X.columns)
