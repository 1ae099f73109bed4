import numpy as np
import pytest
from scipy.fft import rfft

from skchaos.datasets import make_lorenz63
from skchaos.metrics import power_spectrum_distance


@pytest.fixture
def rng(global_random_seed):
    return np.random.RandomState(global_random_seed)


def waves(frequencies, n_rows=2000):
    """One column for each frequency, in cycles per row."""
    return np.sin(2 * np.pi * np.outer(np.arange(n_rows), frequencies) + 0.3)


def test_zero_for_identical_series(rng):
    X = rng.standard_normal((1000, 3)).cumsum(axis=0)
    assert power_spectrum_distance(X, X) == 0.0
    assert power_spectrum_distance(X, X, smoothing=0) == 0.0


def test_symmetric_and_between_zero_and_one(rng):
    X, Y = rng.standard_normal((2, 1000, 2))
    value = power_spectrum_distance(X, Y.cumsum(axis=0))
    assert 0 < value < 1
    assert power_spectrum_distance(Y.cumsum(axis=0), X) == pytest.approx(value, rel=1e-12)


def test_does_not_depend_on_units_or_means(rng):
    X, Y = rng.standard_normal((2, 1000, 2))
    value = power_spectrum_distance(X, Y)
    assert power_spectrum_distance(X, 2.0**300 * Y) == value
    assert power_spectrum_distance(X, 2.0**-900 * Y) == value
    assert power_spectrum_distance(X * [1e-3, 1e3] + 5, -Y - 40) == pytest.approx(value, rel=1e-6)


def test_one_for_spectra_that_share_no_frequency():
    X, Y = waves([0.05]), waves([0.4])
    assert power_spectrum_distance(X, Y, smoothing=0) == pytest.approx(1.0, abs=1e-9)
    assert power_spectrum_distance(X, Y, smoothing=20) == pytest.approx(1.0, abs=1e-9)


def test_columns_are_averaged():
    # The second column agrees, the first shares nothing.
    value = power_spectrum_distance(waves([0.05, 0.1]), waves([0.4, 0.1]), smoothing=0)
    assert value == pytest.approx(0.5, abs=1e-9)


def test_value_of_two_lines_by_hand():
    # Power (.8, .2) against (.5, .5) over the same two lines.
    X = waves([0.05]) * np.sqrt(0.8) + waves([0.2]) * np.sqrt(0.2)
    Y = waves([0.05]) + waves([0.2])
    expected = np.sqrt(1 - np.sqrt(0.8 * 0.5) - np.sqrt(0.2 * 0.5))
    assert power_spectrum_distance(X, Y, smoothing=0) == pytest.approx(expected, abs=1e-9)


def test_smoothing_is_a_gaussian_in_frequency_bins():
    # Lines d = 100 bins apart become normal densities of standard deviation s, whose Hellinger
    # distance is sqrt(1 - exp(-d^2 / (8 s^2))), but for the tails that the filter cuts at 4 s.
    X, Y = waves([0.2], 4000), waves([0.225], 4000)
    for smoothing in (20.0, 40.0):
        expected = np.sqrt(1 - np.exp(-(100**2) / (8 * smoothing**2)))
        value = power_spectrum_distance(X, Y, smoothing=smoothing)
        assert value == pytest.approx(expected, abs=4e-3)


@pytest.mark.parametrize("swap", [False, True])
def test_longer_series_is_averaged_over_windows(rng, swap):
    X, Y = rng.standard_normal((1050, 1)), rng.standard_normal((250, 1)).cumsum(axis=0)
    windows = X[:1000, 0].reshape(4, 250)
    power = (np.abs(rfft(windows - windows.mean(axis=1, keepdims=True))[:, 1:]) ** 2).mean(axis=0)
    other = np.abs(rfft(Y[:, 0] - Y.mean())[1:]) ** 2
    expected = np.sqrt(1 - np.sqrt(power / power.sum() * other / other.sum()).sum())
    value = power_spectrum_distance(*((Y, X) if swap else (X, Y)), smoothing=0)
    assert value == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("level", [0.0, 0.1, 1e300])
def test_a_collapsed_model_is_as_far_as_can_be(rng, level):
    X = rng.standard_normal((500, 2))
    assert power_spectrum_distance(X, np.full((500, 2), level)) == 1.0
    jitter = np.where(X > 0, level, np.nextafter(level, 1e308) if level else 0.0)  # rounding alone
    assert power_spectrum_distance(X, jitter) == 1.0
    half = X.copy()
    half[:, 1] = level
    assert power_spectrum_distance(X, half) == 0.5


def test_a_runaway_model_is_finite(rng):
    X = rng.standard_normal((500, 1)).cumsum(axis=0)
    Y = X * np.geomspace(1, 1e300, 500)[:, None]
    assert 0.1 < power_spectrum_distance(X, Y, smoothing=0) <= 1.0


def test_bad_input():
    X = waves([0.1, 0.2], 100)
    with pytest.raises(ValueError, match="smoothing == -1, must be >= 0"):
        power_spectrum_distance(X, X, smoothing=-1)
    with pytest.raises(ValueError, match="smoothing=inf must be finite"):
        power_spectrum_distance(X, X, smoothing=np.inf)
    with pytest.raises(TypeError, match="smoothing"):
        power_spectrum_distance(X, X, smoothing="wide")
    with pytest.raises(ValueError, match="minimum of 4 is required"):
        power_spectrum_distance(X, X[:3])
    with pytest.raises(ValueError, match="constant"):
        power_spectrum_distance(0 * X, X)
    with pytest.raises(ValueError, match="column"):
        power_spectrum_distance(X, X[:, :1])


@pytest.mark.slow
def test_floor_of_lorenz():
    X, Y = (make_lorenz63(100_000, rho=38.0, random_state=seed) for seed in (1, 2))
    assert 0.04 < power_spectrum_distance(X, Y) < 0.09
    noise = np.random.RandomState(0).standard_normal(X.shape)
    assert power_spectrum_distance(X, noise) == pytest.approx(0.87, abs=0.01)
