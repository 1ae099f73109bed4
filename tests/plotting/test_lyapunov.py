import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator

from skchaos import LyapunovSpectrum
from skchaos.datasets import make_logistic
from skchaos.plotting import LyapunovDisplay

LAGS = 0.1 * np.arange(50)


def from_data(**kwargs):
    settings = {
        "lags": LAGS,
        "curve": -3 + 0.9 * LAGS,
        "window": np.array([1.0, 3.0]),
        "exponents": np.array([0.9]),
        "standard_errors": np.array([0.02]),
        "source": "data",
        "dt": 0.1,
    }
    return LyapunovDisplay(**{**settings, **kwargs})


def from_model(**kwargs):
    settings = {
        "exponents": np.array([0.9, 0.0, -14.5]),
        "standard_errors": np.array([0.02, 0.01, 0.1]),
        "source": "model",
    }
    return from_data(**{**settings, **kwargs})


def legend(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


def test_slope_line_lies_on_a_straight_curve_in_its_window():
    display = from_data().plot()
    assert_array_equal(display.line_.get_xdata(), LAGS)
    assert_array_equal(display.line_.get_ydata(), -3 + 0.9 * LAGS)
    assert_allclose(display.slope_line_.get_xdata(), [1, 3])
    assert_allclose(display.slope_line_.get_ydata(), [-3 + 0.9, -3 + 2.7])
    assert_allclose(display.window_.get_extents().transformed(inverse(display)).intervalx, [1, 3])
    assert legend(display)[2] == r"slope $\lambda_\mathrm{max}$ = 0.900 ± 0.020 (standard error)"
    assert display.errorbar_ is None
    assert display.ax_.get_xlabel() == "lag (time)"


def inverse(display):
    return display.ax_.transData.inverted()


def test_nothing_to_read_draws_the_curve_alone():
    display = from_data(
        exponents=np.array([np.nan]), standard_errors=np.array([np.nan]), window=np.full(2, np.nan)
    ).plot()
    assert display.slope_line_ is None
    assert display.window_ is None
    assert legend(display) == ["mean over neighbours"]


def test_curve_may_have_gaps():
    curve = -3 + 0.9 * LAGS
    curve[[0, 20]] = np.nan, -np.inf
    display = from_data(curve=curve).plot()
    assert_allclose(display.slope_line_.get_ydata(), [-3 + 0.9, -3 + 2.7])


def test_model_shows_its_estimate_and_its_spectrum():
    display = from_model(dt=1).plot()
    estimate, spectrum = display.axes_
    assert_array_equal(display.line_.get_ydata(), display.curve)
    assert_allclose(display.slope_line_.get_ydata(), 0.9)
    markers, _, (bars,) = display.errorbar_.lines
    assert_array_equal(markers.get_xdata(), [1, 2, 3])
    assert_array_equal(markers.get_ydata(), [0.9, 0, -14.5])
    ends = np.array([segment[:, 1] for segment in bars.get_segments()])
    assert_allclose(np.ptp(ends, axis=1), 4 * display.standard_errors)  # two on either side
    assert estimate.get_xlabel() == "length of the orbits (steps)"
    assert spectrum.get_ylabel().endswith("(1 / step)")
    assert r"$\lambda_3$ = -14.50 ± 0.10" in spectrum.get_title(loc="left")


@pytest.mark.parametrize(("kind", "has_curve"), [("curve", True), ("spectrum", False)])
def test_one_of_both_on_existing_axes(kind, has_curve):
    figure, ax = plt.subplots()
    display = from_model().plot(ax, kind=kind, color="red")
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert (display.line_ is not None) is has_curve
    assert (display.errorbar_ is None) is has_curve
    line = display.line_ if has_curve else display.errorbar_.lines[0]
    assert line.get_color() == "red"


def test_two_existing_axes():
    _, axes = plt.subplots(1, 2)
    assert from_model().plot(axes).axes_.tolist() == axes.tolist()


def test_bad_choices():
    with pytest.raises(ValueError, match="kind='stem' is not one of 'auto'"):
        from_model().plot(kind="stem")
    with pytest.raises(ValueError, match=r"1 axes, but kind='both' need"):
        from_model().plot(plt.subplots()[1])


def test_spectrum_of_data():
    X = make_logistic(1000, random_state=0)
    spectrum = LyapunovSpectrum(dt=0.5).fit(X)
    display = LyapunovDisplay.from_estimator(spectrum, name="logistic")
    assert_array_equal(display.line_.get_xdata(), spectrum.curve_lags_)
    assert_array_equal(display.line_.get_ydata(), spectrum.curve_)
    (x0, x1), (y0, y1) = display.slope_line_.get_data()
    assert (y1 - y0) / (x1 - x0) == pytest.approx(spectrum.lambda_max_)
    assert_allclose([x0, x1], spectrum.curve_window_)
    assert display.ax_.get_title(loc="left").startswith("chaos: ")
    assert legend(display)[0] == "logistic"
    # The line lies on the curve, not beside it.
    near = np.interp([x0, x1], spectrum.curve_lags_, spectrum.curve_)
    assert_allclose([y0, y1], near, atol=0.2 * np.ptp(spectrum.curve_))


def test_spectrum_of_a_model(lorenz, lorenz_model):
    spectrum = LyapunovSpectrum(FrozenEstimator(lorenz_model), n_orbits=2, n_steps=20).fit(lorenz)
    display = LyapunovDisplay.from_estimator(spectrum)
    assert_array_equal(display.line_.get_ydata(), spectrum.curve_)
    assert_array_equal(display.errorbar_.lines[0].get_ydata(), spectrum.exponents_)
    assert len(display.axes_) == 2


def test_bad_estimators(lorenz_model):
    with pytest.raises(NotFittedError):
        LyapunovDisplay.from_estimator(LyapunovSpectrum())
    with pytest.raises(TypeError, match=r"ChaoticRNNRegressor is a forecaster"):
        LyapunovDisplay.from_estimator(lorenz_model)
