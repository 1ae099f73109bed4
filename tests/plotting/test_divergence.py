import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator

from skchaos import LyapunovSpectrum
from skchaos.datasets import make_logistic
from skchaos.neighbors._divergence import DivergenceCurve
from skchaos.plotting import DivergenceDisplay

LAGS = 0.1 * np.arange(50)


def curve(**kwargs):
    settings = {
        "lags": LAGS,
        "curve": -3 + 0.9 * LAGS,
        "window": (1.0, 3.0),
        "slope": 0.9,
        "n_delays": 3,
        "delay": 7,
        "theiler_window": 10,
    }
    return DivergenceCurve(**{**settings, **kwargs})


def display_of(divergence=None, **kwargs):
    return DivergenceDisplay(divergence=divergence or curve(), dt=0.1, **kwargs)


def legend(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


def slope_of(line):
    (x0, x1), (y0, y1) = line.get_data()
    return (y1 - y0) / (x1 - x0)


def test_a_straight_curve_lies_on_its_line_and_beside_that_of_the_exponent():
    display = display_of(exponent=1.5, standard_error=0.02).plot()
    assert_array_equal(display.line_.get_xdata(), LAGS)
    assert_array_equal(display.line_.get_ydata(), -3 + 0.9 * LAGS)
    x = display.fit_line_.get_xdata()
    assert_allclose(display.fit_line_.get_ydata(), -3 + 0.9 * x)
    assert x[0] <= 1 < 3 <= x[1]
    assert slope_of(display.exponent_line_) == pytest.approx(1.5)
    middle = [np.mean(line.get_ydata()) for line in (display.fit_line_, display.exponent_line_)]
    assert middle[0] == pytest.approx(middle[1])
    extents = display.window_.get_extents().transformed(display.ax_.transData.inverted())
    assert_allclose(extents.intervalx, [1, 3])


def test_labels_say_what_it_is_in_which_units():
    display = display_of(exponent=1.5, standard_error=0.02).plot()
    assert legend(display) == [
        "second opinion (mean divergence)",
        "window",
        "its slope in the window: 0.9 (1 / time)",
        r"slope of $\lambda_\mathrm{max}$ = 1.500 ± 0.020 (1 / time)",
    ]
    assert display.ax_.get_xlabel() == "lag (time)"
    assert display.ax_.get_ylabel().endswith("(standard deviations)")
    assert display.ax_.get_title(loc="left") == "states: windows of 3 rows, 7 steps apart"
    in_steps = DivergenceDisplay(divergence=curve(n_delays=1)).plot(name="mine")
    assert in_steps.ax_.get_xlabel() == "lag (steps)"
    assert in_steps.ax_.get_title(loc="left") == "states: single rows"
    assert legend(in_steps)[0] == "mine"


@pytest.mark.parametrize("exponent", [None, np.nan])
def test_unknown_exponent_has_no_line(exponent):
    display = display_of(exponent=exponent, standard_error=np.nan).plot()
    assert display.exponent_line_ is None
    assert display.fit_line_ is not None
    assert len(legend(display)) == 3


def test_nothing_to_read_draws_the_curve_alone():
    nothing = curve(window=(np.nan, np.nan), slope=np.nan)
    display = display_of(nothing, exponent=0.9).plot()
    assert display.fit_line_ is display.exponent_line_ is display.window_ is None
    assert legend(display)[1] == "no slope: no straight rise to read it from"


def test_curve_may_have_gaps():
    values = -3 + 0.9 * LAGS
    values[[0, 20]] = np.nan
    display = display_of(curve(curve=values)).plot()
    assert_allclose(
        display.fit_line_.get_ydata(), -3 + 0.9 * display.fit_line_.get_xdata(), atol=1e-12
    )


def test_lyapunov_axis_counts_lyapunov_times():
    display = display_of(exponent=2.0).plot(lyapunov_axis=True)
    display.figure_.draw_without_rendering()
    assert_allclose(display.lyapunov_axis_.get_xlim(), 2 * np.array(display.ax_.get_xlim()))
    assert display.lyapunov_axis_.get_xlabel() == "Lyapunov times"
    assert display_of().plot().lyapunov_axis_ is None


@pytest.mark.parametrize("exponent", [None, np.nan, -0.1, 0.0])
def test_lyapunov_axis_needs_a_positive_exponent(exponent):
    with pytest.raises(ValueError, match="lyapunov_axis=True needs a positive exponent"):
        display_of(exponent=exponent).plot(lyapunov_axis=True)


def test_existing_axes_and_style():
    figure, ax = plt.subplots()
    display = display_of().plot(ax, color="red")
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert display.line_.get_color() == "red"
    with pytest.raises(ValueError, match="2 axes, but a divergence curve need"):
        display_of().plot(plt.subplots(1, 2)[1])


def test_spectrum_and_its_rows_have_their_slopes_beside_each_other():
    X = make_logistic(1000, random_state=0)
    groups = np.repeat([0, 1], 500)
    spectrum = LyapunovSpectrum(dt=0.5).fit(X, groups=groups)
    display = DivergenceDisplay.from_estimator(spectrum, n_delays=1, lyapunov_axis=True)
    assert slope_of(display.exponent_line_) == pytest.approx(spectrum.lambda_max_)
    assert slope_of(display.fit_line_) == pytest.approx(2 * np.log(2), rel=0.05)
    alone = DivergenceDisplay.from_data(X[:, 0], dt=0.5, n_delays=1, groups=groups)
    assert_array_equal(display.line_.get_ydata(), alone.line_.get_ydata())
    assert alone.exponent_line_ is None


def test_noise_has_no_slope():
    noise = np.random.RandomState(0).standard_normal((500, 1))
    display = DivergenceDisplay.from_estimator(LyapunovSpectrum().fit(noise))
    assert display.exponent_line_ is display.fit_line_ is None


def test_bad_estimators(lorenz, lorenz_model):
    with pytest.raises(NotFittedError):
        DivergenceDisplay.from_estimator(LyapunovSpectrum())
    with pytest.raises(TypeError, match="ChaoticRNNRegressor is a forecaster"):
        DivergenceDisplay.from_estimator(lorenz_model)
    of_model = LyapunovSpectrum(FrozenEstimator(lorenz_model), n_orbits=2, n_steps=20).fit(lorenz)
    with pytest.raises(TypeError, match="spectrum is that of a model"):
        DivergenceDisplay.from_estimator(of_model)
