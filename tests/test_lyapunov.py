"""LyapunovSpectrum: derived quantities as identities, models with known exponents, the contract."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from skchaos import ChaoticRNNRegressor, LyapunovSpectrum, TransformedForecaster
from skchaos._lyapunov import _kaplan_yorke
from skchaos.datasets import make_henon, make_logistic, make_lorenz63
from skchaos.exceptions import DegenerateDataWarning
from skchaos.exponents import lyapunov_exponents
from skchaos.exponents._verdict import regime_of_model
from tests.test_regressor import QUICK

MEMORY = "a local exponent follows a row's own past or future among the rows around it"


# Random rows show no chaos, and scikit-learn skips a check where the array API is off.
@pytest.mark.filterwarnings("ignore::skchaos.exceptions.NotChaoticWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks([LyapunovSpectrum()])
def test_scikit_learn_contract(estimator, check):
    check(estimator)


@pytest.mark.filterwarnings("ignore::skchaos.exceptions.NotChaoticWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(
    [
        LyapunovSpectrum(
            ChaoticRNNRegressor(max_iter=5, n_hidden=4, random_state=0),
            n_exponents=2,
            n_steps=10,
            n_orbits=2,
        )
    ],
    expected_failed_checks=lambda estimator: {
        "check_methods_sample_order_invariance": MEMORY,
        "check_methods_subset_invariance": MEMORY,
    },
)
def test_scikit_learn_contract_with_a_model(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def lorenz():
    return make_lorenz63(3000, random_state=0)


def linear_model(rows, moduli, dt=1.0):
    """Return a fitted model whose network is a linear map with the given eigenvalues' moduli."""
    model = ChaoticRNNRegressor(
        "plrnn", len(moduli), n_delays=1, dt=dt, max_iter=1, random_state=0
    ).fit(rows)
    model.cell_decay_ = np.array(moduli, dtype=np.float32)
    model.cell_weight_ = np.zeros_like(model.cell_weight_)
    model.cell_bias_ = np.zeros_like(model.cell_bias_)
    return model


class TestFromModel:
    def test_linear_map(self, lorenz):
        moduli = np.array([0.5, 0.9, 0.01, 0.7])
        model = linear_model(lorenz, moduli, dt=0.1)
        spectrum = LyapunovSpectrum(FrozenEstimator(model), n_steps=200).fit(lorenz)
        expected = np.sort(np.log(moduli))[::-1]
        assert_allclose(spectrum.exponents_per_step_, expected, rtol=1e-6)
        assert_allclose(spectrum.exponents_, expected / 0.1, rtol=1e-6)
        assert_allclose(spectrum.standard_errors_, 0, atol=1e-9)
        assert_allclose(spectrum.curve_[-1], spectrum.lambda_max_)
        assert spectrum.regime_ == "fixed point"
        assert spectrum.predictability_time_ == np.inf
        assert spectrum.entropy_rate_ == 0
        assert spectrum.kaplan_yorke_dimension_ == 0
        local = spectrum.transform(lorenz[:50])
        assert_allclose(local, np.tile(expected / 0.1, (50, 1)), rtol=1e-6)

    def test_finite_time_exponents_have_the_exponents_as_their_mean(self, lorenz):
        model = FrozenEstimator(ChaoticRNNRegressor(dt=0.1, **QUICK).fit(lorenz))
        spectrum = LyapunovSpectrum(model, n_orbits=5, n_steps=50, n_exponents=3).fit(lorenz)
        assert spectrum.finite_time_exponents_.shape == (5, 3)
        assert_allclose(spectrum.finite_time_exponents_.mean(axis=0), spectrum.exponents_)
        assert (np.diff(spectrum.exponents_) <= 0).all()
        assert_allclose(spectrum.curve_lags_[-1], 50 * 0.1)

    def test_frozen_is_used_as_it_is_and_others_are_fitted(self, lorenz):
        model = linear_model(lorenz, [0.5, 0.25])
        weights = model.cell_decay_.copy()
        frozen = LyapunovSpectrum(FrozenEstimator(model), n_steps=200, n_orbits=2).fit(lorenz)
        assert_allclose(frozen.lambda_max_, np.log(0.5), rtol=1e-6)
        again = LyapunovSpectrum(model, n_steps=20, n_orbits=2).fit(lorenz)
        assert again.lambda_max_ != frozen.lambda_max_
        assert_array_equal(model.cell_decay_, weights)

    def test_number_of_exponents(self, lorenz):
        model = linear_model(lorenz, [0.5, 0.25])
        with pytest.raises(ValueError, match=r"n_exponents=3.*1 to 2"):
            LyapunovSpectrum(FrozenEstimator(model), n_exponents=3).fit(lorenz)

    def test_number_of_exponents_is_checked_before_training(self, lorenz, monkeypatch):
        monkeypatch.setattr("skchaos._fit.train_models", None)
        model = ChaoticRNNRegressor(n_hidden=3)
        with pytest.raises(ValueError, match=r"n_exponents=7.*1 to 6"):
            LyapunovSpectrum(model, n_exponents=7).fit(lorenz)
        with pytest.raises(ValueError, match="'cell' parameter"):
            LyapunovSpectrum(ChaoticRNNRegressor("cnn")).fit(lorenz)

    def test_what_is_fitted_has_the_parameters_of_now(self, lorenz):
        model = ChaoticRNNRegressor(**QUICK).fit(lorenz).set_params(n_hidden=2)
        with pytest.raises(ValueError, match=r"n_exponents=5.*1 to 4"):
            LyapunovSpectrum(model, n_exponents=5).fit(lorenz)
        spectrum = LyapunovSpectrum(model, n_steps=10).fit(lorenz)
        assert len(spectrum.exponents_) == 4

    def test_model_is_compared_with_its_rows(self, lorenz):
        model = linear_model(lorenz, [0.5, 0.25], dt=0.01)
        spectrum = LyapunovSpectrum(FrozenEstimator(model), n_steps=20).fit(lorenz)
        alone = LyapunovSpectrum(n_exponents=1, dt=0.01).fit(lorenz)
        assert_allclose(spectrum.data_lambda_max_, alone.lambda_max_)
        apart = spectrum.lambda_max_ - alone.lambda_max_
        errors = np.hypot(spectrum.standard_errors_[0], alone.standard_errors_[0])
        assert_allclose(spectrum.agreement_, apart / errors)

    def test_a_refit_forgets_the_model(self, lorenz):
        X = make_henon(1000, random_state=0)
        both = LyapunovSpectrum(ChaoticRNNRegressor(**QUICK), n_steps=10).fit(lorenz)
        both.set_params(estimator=None).fit(X)
        assert not hasattr(both, "finite_time_exponents_")
        assert_array_equal(both.transform(X), LyapunovSpectrum().fit(X).transform(X))

    def test_a_refit_forgets_what_only_data_have(self):
        spectrum = LyapunovSpectrum().fit(make_henon(300, random_state=0))
        assert spectrum.rows_.shape == (300, 2)
        X = make_henon(50, random_state=0)
        spectrum.set_params(estimator=lambda state: 0.5 * state, n_steps=50).fit(X)
        for name in ("rows_", "trajectories_", "noise_level_", "n_delays_", "mean_period_"):
            assert not hasattr(spectrum, name)

    def test_rows_have_the_step_of_a_frozen_model(self, lorenz):
        X = pd.DataFrame(lorenz)
        model = FrozenEstimator(ChaoticRNNRegressor(**QUICK).fit(X))
        with pytest.raises(ValueError, match="one time step"):
            LyapunovSpectrum(model, n_steps=10).fit(X.iloc[::2])

    def test_orbits_start_within_a_trajectory(self, lorenz):
        model = ChaoticRNNRegressor(n_delays=3, delay=2, **QUICK).fit(lorenz)
        rows, groups = np.concatenate([lorenz[:9], lorenz[:9]]), np.repeat([0, 1], 9)
        spectrum = LyapunovSpectrum(FrozenEstimator(model), n_exponents=1, n_steps=10, n_orbits=10)
        whole = LyapunovSpectrum(FrozenEstimator(model), n_exponents=1, n_steps=10, n_orbits=5)
        # Ten orbits of two equal trajectories, five each, are the same five twice.
        both, one = spectrum.fit(rows, groups=groups), whole.fit(rows[:9])
        assert_allclose(both.exponents_, one.exponents_, rtol=1e-9)

    def test_context_is_needed(self, lorenz):
        model = ChaoticRNNRegressor(max_iter=1, n_delays=8, delay=2, random_state=0).fit(lorenz)
        for n_rows in (10, 15):  # from 15 rows a single orbit would start, which has no spread
            with pytest.raises(ValueError, match=r"needs 15, and one row more"):
                LyapunovSpectrum(FrozenEstimator(model)).fit(lorenz[:n_rows])
        few = LyapunovSpectrum(FrozenEstimator(model), n_steps=10).fit(lorenz[:17])
        assert len(few.finite_time_exponents_) == 3  # one orbit from each row that has a context

    def test_only_models_with_a_known_tangent(self, lorenz):
        with pytest.raises(TypeError, match="LinearRegression is not known"):
            LyapunovSpectrum(LinearRegression()).fit(lorenz)
        pipe = make_pipeline(StandardScaler(), ChaoticRNNRegressor(**QUICK)).fit(lorenz)
        with pytest.raises(TypeError, match=r"FrozenEstimator\(pipe\[-1\]\)"):
            LyapunovSpectrum(FrozenEstimator(pipe)).fit(lorenz)
        wrapped = TransformedForecaster(ChaoticRNNRegressor(**QUICK), StandardScaler()).fit(lorenz)
        with pytest.raises(TypeError, match=r"model\.forecaster_"):
            LyapunovSpectrum(FrozenEstimator(wrapped)).fit(lorenz)
        with pytest.raises(NotFittedError):
            LyapunovSpectrum(FrozenEstimator(ChaoticRNNRegressor())).fit(lorenz)

    def test_time_unit_is_that_of_the_model_unless_given(self, lorenz):
        model = FrozenEstimator(linear_model(lorenz, [0.5, 0.25], dt=0.1))
        own = LyapunovSpectrum(model, n_steps=20).fit(lorenz)
        other = LyapunovSpectrum(model, n_steps=20, dt=1.0).fit(lorenz)
        assert_allclose(own.exponents_, 10 * other.exponents_)


class TestFromData:
    def test_logistic_map(self):
        X = make_logistic(4000, random_state=0)
        spectrum = LyapunovSpectrum(dt=0.5).fit(X)
        assert spectrum.regime_ == "chaos"
        # The exponent is ln 2 exactly (Ulam & von Neumann 1947); here it means 2 ln 2 per unit.
        assert_allclose(spectrum.lambda_max_, 2 * np.log(2), rtol=0.005)
        assert_allclose(spectrum.predictability_time_, np.log(2) / spectrum.lambda_max_)
        assert_allclose(spectrum.lyapunov_time_, 1 / spectrum.lambda_max_)
        assert_allclose(spectrum.entropy_rate_, spectrum.lambda_max_)
        assert spectrum.resolved_.tolist() == [True] + [False] * 3  # the rest is the window's
        assert np.isnan(spectrum.exponents_[1:]).all()

    def test_units_do_not_matter(self):
        X = make_henon(1500, random_state=0)
        one, other = LyapunovSpectrum().fit(X), LyapunovSpectrum().fit(16 * X)
        assert one.lambda_max_ == other.lambda_max_
        assert_array_equal(one.transform(X), other.transform(16 * X))

    def test_noise_is_not_called_chaos(self):
        X = np.random.default_rng(0).normal(size=(2000, 1))
        spectrum = LyapunovSpectrum().fit(X)
        assert spectrum.regime_ == "noise"
        assert np.isnan(spectrum.transform(X)).all()

    def test_holes_and_disorder_are_refused(self):
        X = pd.DataFrame(make_henon(300, random_state=0))
        for rows in (X.drop(index=[5, 80]), X[::-1]):
            with pytest.raises(ValueError, match="consecutive in time"):
                LyapunovSpectrum().fit(rows)

    def test_trajectories_are_not_joined(self):
        X = make_henon(2000, random_state=0)
        pieces = X.reshape(100, 20, 2)[np.random.default_rng(0).permutation(100)]
        shuffled, groups = pieces.reshape(-1, 2), np.repeat(np.arange(100), 20)
        whole = LyapunovSpectrum().fit(X).lambda_max_
        apart = LyapunovSpectrum().fit(shuffled, groups=groups).lambda_max_
        joined = LyapunovSpectrum().fit(shuffled).lambda_max_
        assert abs(apart / whole - 1) < 0.05 < abs(joined / whole - 1)
        grouped = LyapunovSpectrum().fit(shuffled, groups=groups)
        assert abs(grouped.transform(X)[:, 0].mean() / whole - 1) < 0.05
        with pytest.raises(ValueError, match="one label a row"):
            LyapunovSpectrum().fit(X, groups=groups[:-1])

    def test_local_rates_need_consecutive_rows(self):
        X = pd.DataFrame(make_henon(300, random_state=0))
        spectrum = LyapunovSpectrum().fit(X)
        with pytest.raises(ValueError, match="consecutive in time"):
            spectrum.transform(X.drop(index=[5, 80]))
        with pytest.raises(ValueError, match="order"):
            spectrum.transform(X[[1, 0]])

    def test_whole_spectrum_of_rows_that_are_states(self):
        X = make_henon(3000, random_state=0)
        spectrum = LyapunovSpectrum().fit(X)
        # The determinant of the map is -0.3 everywhere.
        assert_allclose(spectrum.exponents_.sum(), np.log(0.3), rtol=1e-3)
        assert spectrum.resolved_.all()
        # Rows without an own rate share that of a neighbour.
        assert_allclose(spectrum.transform(X).mean(axis=0), spectrum.exponents_, rtol=0.005)
        lambda_1, lambda_2 = spectrum.exponents_
        assert_allclose(spectrum.kaplan_yorke_dimension_, 1 - lambda_1 / lambda_2)
        assert_allclose(spectrum.curve_[-1], lambda_1)
        assert spectrum.n_delays_ == 1

    def test_more_exponents_than_dimensions(self):
        with pytest.raises(ValueError, match=r"n_exponents=3.*1 to 2"):
            LyapunovSpectrum(n_exponents=3).fit(make_henon(500, random_state=0))

    @pytest.mark.filterwarnings("ignore::skchaos.exceptions.DegenerateDataWarning")
    def test_cycle_is_predictable_for_ever(self):
        spectrum = LyapunovSpectrum().fit(np.tile([[1.0], [2.0], [4.0]], (50, 1)))
        assert spectrum.regime_ == "cycle"
        assert np.isnan(spectrum.lambda_max_)
        assert spectrum.predictability_time_ == np.inf
        assert spectrum.kaplan_yorke_dimension_ == 1
        assert spectrum.entropy_rate_ == 0

    def test_second_exponent_counts_where_one_is_asked_for(self):
        t = np.arange(5000.0)
        X = (np.sin(0.3 * t) + np.sin(0.3 * np.sqrt(2) * t))[:, None]
        spectrum = LyapunovSpectrum(n_exponents=1).fit(X)
        assert spectrum.regime_ == "torus"
        assert spectrum.exponents_.shape == (1,)
        assert spectrum.kaplan_yorke_dimension_ == 2

    def test_degenerate_rows_are_named(self):
        X = make_henon(500, random_state=0)
        for rows, what in [
            (np.column_stack([X, np.ones(500)]), r"column\(s\) \[2\] do not vary"),
            (np.column_stack([X, np.arange(500)]), r"column\(s\) \[2\] only rise or only fall"),
            (np.vstack([X, [[-9999, 0]]]), "column 0 holds -9999 at row 500, far from all others"),
            (pd.DataFrame({"a": X[:, 0], "year": 1.0}), r"column\(s\) \['year'\] do not vary"),
            (np.column_stack([X, 3 + 2 * X[:, 0]]), r"column.*\[2\] are copies of others"),
            (X.repeat(2, axis=0), "500 of 1000 rows are the same as the row before"),
            (np.vstack([X, X]), "493 of 993 windows of 8 rows repeat"),
        ]:
            with pytest.warns(DegenerateDataWarning, match=what):
                LyapunovSpectrum().fit(rows)

    def test_local_rates_do_not_reach_across_recordings(self):
        one, two = (make_henon(700, random_state=seed) for seed in (0, 1))
        groups = np.repeat(["a", "b"], 700)
        spectrum = LyapunovSpectrum()
        together = spectrum.fit_transform(np.vstack([one, two]), groups=groups)
        apart = [spectrum.transform(rows) for rows in (one, two)]
        assert np.isfinite(together).all()
        # Frames begin at random: after some rows they have turned into the same directions.
        for found, alone in zip(np.split(together, 2), apart, strict=True):
            assert_allclose(found[30:], alone[30:], rtol=1e-6)
        blind = spectrum.transform(np.vstack([one, two]))
        assert not np.allclose(blind[695:705], together[695:705])

    def test_local_rates_of_a_frame_follow_its_groups(self):
        X = pd.DataFrame(make_henon(1000, random_state=0), columns=["a", "b"])
        X.index = pd.date_range("2020", periods=500, freq="h").append(
            pd.date_range("2021", periods=500, freq="h")
        )
        station = np.repeat([0, 1], 500)
        pipe = make_pipeline(StandardScaler(), LyapunovSpectrum(n_exponents=1))
        pipe.set_output(transform="pandas")
        found = pipe.fit_transform(X, lyapunovspectrum__groups=station)
        assert_array_equal(found.index, X.index)
        with pytest.raises(ValueError, match="groups"):
            pipe.transform(X)

    def test_nothing_follows_from_undecided_decay(self):
        t = np.arange(600)
        rng = np.random.default_rng(0)
        X = (10 * np.sin(2 * np.pi * t / 12) + 0.02 * rng.standard_normal(600))[:, None]
        spectrum = LyapunovSpectrum().fit(X)
        assert spectrum.regime_ == "undecided"
        assert not spectrum.lambda_max_ > 0
        derived = ("predictability_time_", "lyapunov_time_", "kaplan_yorke_dimension_")
        assert all(np.isnan(getattr(spectrum, name)) for name in (*derived, "entropy_rate_"))

    def test_local_rates_keep_rows_and_names(self):
        X = pd.DataFrame(make_henon(1500, random_state=0), columns=["a", "b"])
        spectrum = LyapunovSpectrum().set_output(transform="pandas").fit(X)
        local = spectrum.transform(X)
        assert local.index.equals(X.index)
        assert local.columns.tolist() == spectrum.get_feature_names_out().tolist()

    def test_answers_as_the_function_does(self):
        X = make_lorenz63(2000, dt=0.02, random_state=0)
        spectrum = LyapunovSpectrum(dt=0.02, n_exponents=2).fit(X)
        found = lyapunov_exponents(X, dt=0.02, n_exponents=2)
        for ours, theirs in [
            ("exponents_", "exponents"),
            ("standard_errors_", "standard_errors"),
            ("resolved_", "resolved"),
            ("noise_level_", "noise_level"),
            ("prediction_error_", "prediction_error"),
            ("n_delays_", "n_delays"),
            ("delay_", "delay"),
            ("step_", "step"),
            ("regime_", "regime"),
            ("reason_", "reason"),
            ("curve_", "running"),
            ("lambda_max_", "lambda_max"),
        ]:
            assert_array_equal(getattr(spectrum, ours), getattr(found, theirs), ours)
        assert_array_equal(spectrum.curve_lags_, found.running_rows * 0.02)
        assert_array_equal(spectrum.exponents_per_step_, found.exponents * 0.02)
        assert spectrum.mean_period_ == found.mean_period * 0.02
        assert not hasattr(spectrum, "agreement_")

    def test_noise_is_told_from_the_error_of_the_map(self):
        clean, noisy = (
            LyapunovSpectrum(n_exponents=1).fit(make_lorenz63(3000, noise=noise, random_state=0))
            for noise in (0.0, 0.01)
        )
        assert clean.noise_level_ < 0.001
        assert 0.007 < noisy.noise_level_ < 0.012  # three columns show nearly all of it
        for spectrum in (clean, noisy):
            assert spectrum.noise_level_ <= spectrum.prediction_error_
        assert_allclose(noisy.lambda_max_, clean.lambda_max_, rtol=0.15)

    def test_regular_rows_need_no_exponent(self):
        time = np.arange(2000.0)[:, None]
        torus = np.sin(0.1 * time) + 0.7 * np.sin(0.1 * np.sqrt(2) * time)
        spiral = np.exp(-0.03 * time) * np.hstack([np.cos(0.3 * time), np.sin(0.3 * time)])
        for X, regime in ((spiral, "fixed point"), (np.sin(0.1 * time), "cycle"), (torus, "torus")):
            spectrum = LyapunovSpectrum().fit(X)
            assert spectrum.regime_ == regime
            assert spectrum.predictability_time_ == spectrum.lyapunov_time_ == np.inf
            assert spectrum.entropy_rate_ == 0

    def test_rows_that_say_nothing(self):
        spectrum = LyapunovSpectrum().fit(make_lorenz63(300, random_state=0))
        assert spectrum.regime_ == "undecided"
        assert "mean periods" in spectrum.reason_
        for name in ("lambda_max_", "predictability_time_", "lyapunov_time_", "entropy_rate_"):
            assert np.isnan(getattr(spectrum, name)), name
        assert not spectrum.resolved_.any()
        assert np.isnan(spectrum.transform(make_lorenz63(50, random_state=0))).all()

    @pytest.mark.filterwarnings("ignore::skchaos.exceptions.DegenerateDataWarning")
    def test_degenerate_rows_change_nothing(self):
        X = make_henon(1000, random_state=0)
        plain = LyapunovSpectrum().fit(X)
        constant = LyapunovSpectrum().fit(np.column_stack([X, np.ones(1000)]))
        assert_array_equal(constant.exponents_, plain.exponents_)
        copies = LyapunovSpectrum().fit(np.column_stack([X, 3 + 2 * X[:, 0]]))
        assert_allclose(copies.exponents_, plain.exponents_, rtol=0.01)

    @pytest.mark.parametrize("unit", [1.0, 1e-200, 1e200, 1e300])
    def test_sound_rows_are_not_called_degenerate(self, unit):
        # Warnings are errors here.
        for X in (make_henon(500, random_state=0), make_lorenz63(300, random_state=0)):
            LyapunovSpectrum(n_exponents=1).fit(unit * X)

    def test_dates_have_one_step_and_an_order(self):
        dates = pd.date_range("2024-01-01", periods=301, freq="h")
        X = pd.DataFrame(make_henon(300, random_state=0), index=dates[:300])
        spectrum = LyapunovSpectrum().fit(X)
        for index in (dates.delete(150), dates[:300][::-1], dates[:300].repeat(2)[:300]):
            with pytest.raises(ValueError, match="consecutive in time"):
                LyapunovSpectrum().fit(X.set_axis(index))
        with pytest.raises(ValueError, match="one time step"):
            spectrum.transform(X.iloc[::2])


class TestDerived:
    def test_kaplan_yorke(self):
        # Lorenz-63 (10, 28, 8/3): 2 + .9056 / 14.572 (Sprott 2003, appendix A).
        assert_allclose(_kaplan_yorke(np.array([0.9056, 0.0, -14.5723])), 2.0621, atol=1e-4)
        assert _kaplan_yorke(np.array([-0.1, -0.2])) == 0
        assert_allclose(_kaplan_yorke(np.array([0.4, -0.5, np.nan])), 1.8)  # unresolved ones last
        assert np.isnan(_kaplan_yorke(np.array([0.4, -0.1])))
        assert np.isnan(_kaplan_yorke(np.array([np.nan])))

    @pytest.mark.parametrize(
        ("exponents", "regime"),
        [
            ([0.9, 0.0, -14], "chaos"),
            ([0.001, -0.001, -3], "torus"),
            ([0.001, -0.5, -3], "cycle"),
            ([-0.2, -0.5, -3], "fixed point"),
            ([0.001], "undecided"),
        ],
    )
    def test_regime(self, exponents, regime):
        assert regime_of_model(np.array(exponents), np.full(len(exponents), 0.01))[0] == regime
