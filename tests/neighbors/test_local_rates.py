import numpy as np
import pytest

from skchaos.datasets import make_henon, make_logistic, make_lorenz63, make_lorenz96
from skchaos.neighbors import largest_exponent, local_divergence_rates
from skchaos.neighbors._local_rates import _moments
from skchaos.neighbors._rows import project_windows
from skchaos.neighbors._scaled import Scaled
from skchaos.neighbors._spaces import StateSpace


def test_rates_of_the_logistic_map_are_its_slopes():
    x = make_logistic(2000, random_state=0)
    rates = local_divergence_rates(x, n_delays=1, delay=1)
    exact = np.log(np.abs(4 - 8 * x[:, 0]))
    assert np.median(np.abs(rates - exact)) < 0.2
    # Near the top the slope vanishes, and there the noise in the fitted rows shows.
    assert rates.mean() == pytest.approx(np.log(2), rel=0.12)


def test_mean_rate_is_the_exponent():
    X = make_henon(500, random_state=0)
    rates = local_divergence_rates(X)
    assert rates.mean() == pytest.approx(largest_exponent(X).exponent, rel=0.2)


def test_rows_of_a_stretch_share_a_rate():
    X = make_lorenz63(1500, columns=[0], random_state=0)
    rates = local_divergence_rates(X, n_delays=4, delay=8)
    step = largest_exponent(X).step
    first = 3 * 8
    assert (rates[:first] == rates[first]).all()
    assert (rates[first : first + step] == rates[first]).all()
    assert len(np.unique(rates)) == -(-(1500 - first) // step)
    assert step > 3
    assert -0.05 < rates.mean() < 0.05  # per step, not per stretch: .009


def test_other_rows_than_the_fitted_ones():
    X = make_henon(1500, random_state=0)
    rates = local_divergence_rates(X[:1000], X[1000:])
    assert rates.shape == (500,)
    assert rates.mean() == pytest.approx(0.419, rel=0.15)


def test_fitted_rows_are_recognised_wherever_they_come():
    X = make_henon(500, random_state=0)
    part, whole = local_divergence_rates(X, X[300:400]), local_divergence_rates(X)
    # The same maps; only the tangent vector starts anew and soon points the same way.
    np.testing.assert_allclose(part[50:], whole[350:400], atol=1e-6)


def test_moments_of_fitted_rows_are_found():
    X = make_lorenz63(1000, random_state=0)
    scaled = Scaled.of(X, None, 0)
    space = StateSpace.of(scaled, 2, 3)
    clean = scaled.apply(np.vstack([X, X.max(axis=0) + np.ones((4, 1))]))
    at = np.array([3, 50, 900, 1003])
    moments = _moments(space, project_windows(clean, at, 3, space.axes), 5 * scaled.amplitude)
    np.testing.assert_array_equal(moments[:3], at[:3])
    assert moments[3] < -space.theiler_window


def test_units_change_no_bit():
    X = make_henon(500, random_state=0)
    np.testing.assert_array_equal(
        local_divergence_rates(X, X[:100]), local_divergence_rates(8 * X, 8 * X[:100])
    )


@pytest.mark.slow
def test_states_of_many_dimensions():
    X = make_lorenz96(3000, random_state=0)
    rates = local_divergence_rates(X)
    assert rates.mean() == pytest.approx(largest_exponent(X).exponent, rel=0.2)


def test_too_few_fitted_rows_give_nan():
    X = np.random.RandomState(0).standard_normal((20, 2))
    assert np.isnan(local_divergence_rates(X)).all()
    assert local_divergence_rates(np.ones((9, 1)), np.ones((4, 1))).shape == (4,)


def test_windows_must_fit():
    X = make_henon(500, random_state=0)
    with pytest.raises(ValueError, match="pass at least 5 rows"):
        local_divergence_rates(X, X[:4], n_delays=3, delay=2)


@pytest.mark.parametrize("options", [{"n_delays": 2}, {"delay": 2}])
def test_window_is_given_whole_or_not_at_all(options):
    with pytest.raises(ValueError, match="give both"):
        local_divergence_rates(np.zeros((10, 1)), **options)


@pytest.mark.parametrize(
    ("options", "error"), [({"n_delays": 0}, ValueError), ({"n_delays": 1.5}, TypeError)]
)
def test_window_is_of_whole_numbers(options, error):
    with pytest.raises(error, match="n_delays must be"):
        local_divergence_rates(np.zeros((10, 1)), delay=1, **options)


def test_columns_must_agree():
    with pytest.raises(ValueError, match=r"X has 1 column\(s\), but the fitted rows have 2"):
        local_divergence_rates(np.zeros((10, 2)), np.zeros((10, 1)))
