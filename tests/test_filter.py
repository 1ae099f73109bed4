"""Windows without their noise, from rows up to the present."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skchaos import ChaoticRNNRegressor
from skchaos._engine import restore
from skchaos._filter import LEAST_ROWS, WindowFilter
from skchaos._index import TimeIndex
from skchaos._polynomial import Polynomial, n_terms
from skchaos._series import Series
from skchaos.datasets import make_lorenz63
from skchaos.exceptions import NotChaoticWarning, PoorFitWarning
from skchaos.model_selection import ChaoticRNNRegressorCV

pytestmark = [
    pytest.mark.filterwarnings(f"ignore::{kind.__module__}.{kind.__name__}")
    for kind in (PoorFitWarning, NotChaoticWarning)
]
NOISE = 0.1
QUICK = {"max_iter": 5, "n_init": 1, "random_state": 0, "dt": 0.01}
NOISY = make_lorenz63(6000, noise=NOISE, random_state=0)
WINDOW = np.arange(-4, 1)


def series_of(rows, lengths=None):
    rows = np.asarray(rows, dtype=float)
    columns = np.arange(rows.shape[1])
    return Series.of(rows, None, lengths or [len(rows)], TimeIndex(), columns)


def noisy_and_clean(clean, noise, seed=0):
    """Return both series, standardised alike."""
    rng = np.random.default_rng(seed)
    recorded = series_of(clean + noise * rng.standard_normal(clean.shape))
    return recorded, replace(recorded, rows=clean)


def turning(n_rows):
    """Return a sine, of which no row is like the one before."""
    return np.sin(0.3 * np.arange(n_rows))[:, None]


class TestPolynomial:
    def test_it_is_exact_where_the_truth_is_one(self):
        rng = np.random.default_rng(0)
        values = rng.standard_normal((500, 3))
        truth = values[:, :1] * values[:, 1:2] * values[:, 2:] - values[:, 1:2] ** 2 + 7
        found = Polynomial.fit(values, truth, (3, 3))
        assert_allclose(found.predict(values), truth, atol=1e-3)
        assert len(found.coefficients) == n_terms(3, (3, 3)) == 3 + 6 + 10 + 1

    def test_components_count_as_the_largest_known(self):
        rng = np.random.default_rng(0)
        values = rng.standard_normal((500, 2))
        found = Polynomial.fit(values, values[:, :1] ** 3, (2, 2))
        most = np.abs(values @ found.components).max(axis=0)
        assert_array_equal(found.predict(values, most), found.predict(values))
        # In the direction of a component any length beyond the largest is as that.
        direction = np.linalg.pinv(found.components)[:1]
        far = found.predict(1e3 * most[0] * direction, most)
        assert_allclose(far, found.predict(most[0] * direction), rtol=1e-9)


class TestWindowFilter:
    def test_it_averages_what_least_squares_can(self):
        # Of a sine of known frequency two numbers are to be found from at most 160 rows, so that
        # the mean square error is 2 sigma^2 / 160; less, since its amplitude does not change.
        recorded, clean = noisy_and_clean(turning(20_000), 0.2)
        found = WindowFilter.choose(recorded, clean, [16_000], WINDOW)
        at = np.arange(17_000, 20_000)
        windows = recorded.scaled(at[:, None] + WINDOW)
        truth = clean.scaled(at[:, None] + WINDOW)
        error = found.apply(recorded.scaled(slice(None)), at, windows) - truth
        sigma = 0.2 / recorded.scaling.scale[0]
        assert len(found.offsets) == 160
        assert np.mean(error**2) < 2 * sigma**2 / 160

    def test_there_is_none_where_there_is_no_noise(self):
        recorded, clean = noisy_and_clean(turning(5000), 0.0)
        assert WindowFilter.choose(recorded, clean, [4000], WINDOW) is None

    def test_what_has_no_noise_stays(self):
        both = np.column_stack([turning(5000), make_lorenz63(5000, random_state=1)[:, :1]])
        recorded, clean = noisy_and_clean(both, np.array([0.3, 0.0]))
        found = WindowFilter.choose(recorded, clean, [4000], WINDOW)
        assert_array_equal(found.is_taken, [[True, False]] * 5)
        at = np.arange(4500, 4600)
        windows = recorded.scaled(at[:, None] + WINDOW)
        result = found.apply(recorded.scaled(slice(None)), at, windows)
        assert_array_equal(result[..., 1], windows[..., 1])
        assert np.all(result[..., 0] != windows[..., 0])

    def test_rows_to_come_are_not_looked_at(self):
        recorded, clean = noisy_and_clean(turning(5000), 0.2)
        found = WindowFilter.choose(recorded, clean, [5000], WINDOW)
        rows = recorded.scaled(slice(None))
        at = np.arange(200, 300)
        windows = rows[at[:, None] + WINDOW]
        assert found.offsets[-1] == 0
        later = np.concatenate([rows[:300], 9 + rows[300:]])
        assert_array_equal(found.apply(rows, at, windows), found.apply(later, at, windows))

    def test_few_rows_have_none(self):
        least = LEAST_ROWS * n_terms(5, (4, 3)) + 4
        recorded, clean = noisy_and_clean(turning(least), 0.2)
        assert WindowFilter.choose(recorded, clean, [least], WINDOW) is not None
        assert WindowFilter.choose(recorded, clean, [least - 1], WINDOW) is None

    def test_it_does_not_look_across_trajectories(self):
        rng = np.random.default_rng(0)
        rows = turning(6000)
        rows[3000:] = 100  # the second rests: rows of both at once would be far off any sine
        recorded = series_of(rows + 0.2 * rng.standard_normal(rows.shape), [3000, 3000])
        clean = replace(recorded, rows=rows)
        found = WindowFilter.choose(recorded, clean, [3000, 3000], WINDOW)
        values = recorded.scaled(slice(None))
        across = np.arange(3000, 3000 + found.span)
        within = np.setdiff1d(np.arange(found.span, 6000), across)
        seen, there = (
            np.abs(values[at[:, None] + found.offsets][..., 0] @ found.components).max(axis=0)
            for at in (within, across)
        )
        assert np.all(found.most <= seen)
        assert np.any(found.most < there)


@pytest.fixture(scope="module")
def fitted():
    return ChaoticRNNRegressor(**QUICK | {"max_iter": 400}).fit(NOISY)


class TestEstimator:
    def test_states_are_seen_through_the_noise(self, fitted):
        made = make_lorenz63(3000, noise=NOISE, random_state=5, return_bunch=True)
        engine = restore(fitted)
        found = engine.states(made.data)
        engine.noise_filter = None
        truth, plain = engine.states(made.clean), engine.states(made.data)
        missed = [float((states - truth)[200:].norm()) for states in (found, plain)]
        assert missed[0] < 0.5 * missed[1]  # as four times the rows would do

    def test_a_context_is_as_long_as_the_filter_looks(self, fitted):
        assert fitted.n_context_ == 1 - fitted.noise_filter_["offsets"][0] > fitted.n_delays_
        assert fitted.context_.shape == (fitted.n_context_, 3)
        rows = NOISY[: fitted.n_context_]
        assert fitted.forecast(3, rows).shape == (3, 3)
        with pytest.raises(ValueError, match="n_context_"):
            fitted.forecast(3, rows[1:])

    def test_states_of_rows_and_of_contexts_are_the_same(self, fitted):
        engine, n = restore(fitted), fitted.n_context_
        states = engine.states(NOISY[:400]).numpy()
        ends = [n - 1, 200, 399]
        contexts = np.stack([NOISY[end - n + 1 : end + 1] for end in ends])
        assert_allclose(engine.final_states(contexts).numpy(), states[ends], rtol=1e-12)

    def test_a_prediction_knows_nothing_of_later_rows(self, fitted):
        n = fitted.n_context_
        for k in (5, n - 1, n, n + 1, 300):
            assert_allclose(fitted.predict(NOISY)[:k], fitted.predict(NOISY[:k]), rtol=1e-12)

    def test_wild_rows_give_wild_windows_but_no_wilder(self, fitted):
        rows = NOISY[:300].copy()
        rows[250:255] = 1e6
        assert np.isfinite(fitted.predict(rows)).all()
        engine = restore(fitted)
        calm, wild = (engine.states(r)[290:].abs().max() for r in (NOISY[:300], rows))
        assert wild < 10 * calm  # rows are 1e5 times as large as any known

    @pytest.mark.parametrize("settings", [{"noise_level": 0}, {"process_noise": True}])
    def test_none_without_noise_or_where_runs_lead_themselves(self, settings):
        model = ChaoticRNNRegressor(**QUICK, **settings).fit(NOISY)
        assert model.noise_filter_ == {}
        assert model.n_context_ == (model.n_delays_ - 1) * model.delay_ + 1

    def test_one_filter_for_all_fits_of_a_series(self, monkeypatch):
        chosen, choose = [], WindowFilter.choose
        monkeypatch.setattr(
            WindowFilter, "choose", lambda *args: chosen.append(args) or choose(*args)
        )
        search = ChaoticRNNRegressorCV(
            ChaoticRNNRegressor(**QUICK), {"n_hidden": [8, 9]}, cv=2, refit=False
        )
        search.fit(NOISY)
        assert len(chosen) == 2

    def test_a_search_knows_how_long_contexts_are(self):
        search = ChaoticRNNRegressorCV(
            ChaoticRNNRegressor(**QUICK), {"n_hidden": [8]}, cv=[(range(5940), range(5940, 6000))]
        )
        with pytest.raises(ValueError, match="a context of 80 with the row after it needs 81"):
            search.fit(NOISY)
