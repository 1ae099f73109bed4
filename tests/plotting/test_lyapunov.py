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
        "curve": 0.9 + np.exp(-LAGS),
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


def test_data_show_where_the_estimate_settled():
    display = from_data().plot()
    assert_array_equal(display.line_.get_xdata(), LAGS)
    assert_array_equal(display.line_.get_ydata(), 0.9 + np.exp(-LAGS))
    assert_allclose(display.final_line_.get_ydata(), 0.9)
    extents = display.band_.get_extents().transformed(display.ax_.transData.inverted())
    assert_allclose(extents.intervaly, [0.9 - 0.04, 0.9 + 0.04])
    assert legend(display) == [
        "estimate so far",
        "2 standard errors",
        r"final $\lambda_\mathrm{max}$ = 0.900 ± 0.020",
    ]
    assert display.errorbar_ is display.data_line_ is None
    assert display.ax_.get_xlabel() == "length of the series used (time)"
    assert display.ax_.get_ylabel().endswith("(1 / time) so far")


def test_wild_beginning_does_not_squeeze_the_rest():
    curve = 0.9 + np.exp(-LAGS)
    curve[:3] = 1e6, -1e6, np.nan
    low, high = from_data(curve=curve).plot().ax_.get_ylim()
    assert low < 0.9 - 0.04 < 0.9 + 0.04 < high
    assert high - low < 1


def test_nothing_resolved_says_so():
    nothing = np.full(3, np.nan)
    display = from_data(
        exponents=nothing, standard_errors=nothing, curve=np.full(50, np.nan), title="noise: why"
    ).plot()
    assert len(display.axes_) == 1
    assert display.line_ is display.final_line_ is display.band_ is None
    assert [text.get_text() for text in display.ax_.texts] == [
        "no exponent is resolved:\nnothing to show"
    ]
    assert display.ax_.get_title(loc="left") == "noise: why"


def test_exponents_that_are_not_resolved_are_crosses():
    display = from_data(
        exponents=np.array([0.9, 0.0, np.nan]), standard_errors=np.array([0.02, 0.01, np.nan])
    ).plot()
    spectrum = display.axes_[1]
    assert_array_equal(display.unresolved_.get_xdata(), [3])
    assert [text.get_text() for text in spectrum.get_legend().get_texts()] == ["not resolved"]
    title = spectrum.get_title(loc="left")
    assert r"$\lambda_{1}$ = 0.900 ± 0.020,  $\lambda_{2}$ = 0.000 ± 0.010" in title
    assert "nan" not in title
    assert display.plot(kind="spectrum").unresolved_ is not None
    assert from_model().plot().unresolved_ is None


def test_model_shows_its_estimate_and_its_spectrum():
    display = from_model(dt=1).plot()
    estimate, spectrum = display.axes_
    assert_array_equal(display.line_.get_ydata(), display.curve)
    assert_allclose(display.final_line_.get_ydata(), 0.9)
    markers, _, (bars,) = display.errorbar_.lines
    assert_array_equal(markers.get_xdata(), [1, 2, 3])
    assert_array_equal(markers.get_ydata(), [0.9, 0, -14.5])
    ends = np.array([segment[:, 1] for segment in bars.get_segments()])
    assert_allclose(np.ptp(ends, axis=1), 4 * display.standard_errors)  # two on either side
    assert estimate.get_xlabel() == "length of the orbits (steps)"
    assert spectrum.get_ylabel().endswith("(1 / step)")
    assert r"$\lambda_{3}$ = -14.50 ± 0.10" in spectrum.get_title(loc="left")


def test_model_is_compared_with_its_rows():
    display = from_model(data_exponent=5.0, data_standard_error=0.2).plot()
    assert_allclose(display.data_line_.get_ydata(), 5)
    assert legend(display)[-1] == "of the rows: 5.00 ± 0.20"
    assert display.ax_.get_ylim()[1] > 5
    unknown = from_model(data_exponent=np.nan, data_standard_error=np.nan).plot()
    assert unknown.data_line_ is None


@pytest.mark.parametrize("error", [0.0, np.nan])
def test_no_error_has_no_band(error):
    display = from_data(standard_errors=np.array([error])).plot()
    assert display.band_ is None
    assert legend(display)[-1] == r"final $\lambda_\mathrm{max}$ = 0.9"


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
    assert_allclose(display.final_line_.get_ydata(), spectrum.lambda_max_)
    assert display.line_.get_ydata()[-1] == pytest.approx(spectrum.lambda_max_, rel=1e-6)
    assert display.ax_.get_title(loc="left").startswith("chaos: ")
    assert legend(display)[0] == "logistic"


def test_spectrum_of_noise():
    noise = np.random.RandomState(0).standard_normal((500, 1))
    display = LyapunovDisplay.from_estimator(LyapunovSpectrum().fit(noise))
    assert display.line_ is None
    assert display.ax_.get_title(loc="left").startswith("noise: ")


def test_spectrum_of_a_model(lorenz, lorenz_model):
    spectrum = LyapunovSpectrum(FrozenEstimator(lorenz_model), n_orbits=2, n_steps=20).fit(lorenz)
    display = LyapunovDisplay.from_estimator(spectrum)
    assert_array_equal(display.line_.get_ydata(), spectrum.curve_)
    assert_array_equal(display.errorbar_.lines[0].get_ydata(), spectrum.exponents_)
    assert display.data_exponent == spectrum.data_lambda_max_ or np.isnan(display.data_exponent)
    assert len(display.axes_) == 2


def test_bad_estimators(lorenz_model):
    with pytest.raises(NotFittedError):
        LyapunovDisplay.from_estimator(LyapunovSpectrum())
    with pytest.raises(TypeError, match=r"ChaoticRNNRegressor is a forecaster"):
        LyapunovDisplay.from_estimator(lorenz_model)
