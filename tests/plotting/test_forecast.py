import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skchaos import TransformedForecaster
from skchaos.plotting import ForecastDisplay

RNG = np.random.default_rng(0)
TRUE, PRED, PAST = (RNG.normal(size=(n, 2)) for n in (30, 30, 12))


def legend(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


def mark(display):
    """Return the place of the mark in matplotlib's unit, the same in all panels."""
    places = [line.get_xdata(orig=False) for line in display.predictability_lines_]
    assert len(places) == len(display.axes_)
    assert len(np.unique(places)) == 1
    return places[0][0]


def test_arrays_are_drawn_from_the_last_known_row_on():
    display = ForecastDisplay.from_predictions(TRUE, PRED, context=PAST, dt=0.5)
    steps = np.arange(1, 31)
    for i in range(2):
        assert_array_equal(display.lines_[i].get_xdata(), 0.5 * steps)
        assert_array_equal(display.lines_[i].get_ydata(), PRED[:, i])
        assert_array_equal(display.true_lines_[i].get_xdata(), 0.5 * np.arange(31))
        assert_array_equal(display.true_lines_[i].get_ydata(), [PAST[-1, i], *TRUE[:, i]])
        assert_array_equal(display.context_lines_[i].get_xdata(), 0.5 * np.arange(-11, 1))
        assert_array_equal(display.context_lines_[i].get_ydata(), PAST[:, i])
    assert [axis.get_ylabel() for axis in display.axes_] == ["x0", "x1"]
    assert display.axes_[1].get_xlabel() == "time"
    assert display.predictability_lines_ == []
    assert legend(display) == ["context", "truth", "forecast"]


def test_without_context_or_unit():
    display = ForecastDisplay.from_predictions(TRUE[:, 0], PRED[:, 0], name="me")
    assert display.context_lines_ == []
    assert_array_equal(display.true_lines_[0].get_xdata(), np.arange(1, 31))
    assert display.ax_.get_xlabel() == "time (steps)"
    assert legend(display) == ["truth", "forecast of me"]


@pytest.mark.parametrize("context", [None, PAST])
def test_mark_counts_from_the_last_known_row(context):
    display = ForecastDisplay.from_predictions(
        TRUE, PRED, context=context, dt=0.5, predictability_time=3.2
    )
    assert mark(display) == pytest.approx(3.2)
    assert "predictability time 3.2" in legend(display)


def test_mark_on_the_index_of_numbers():
    index = pd.Index(10 + 0.5 * np.arange(42), name="seconds")
    display = ForecastDisplay.from_predictions(
        TRUE, PRED, context=PAST, index=index, dt=2.0, predictability_time=5.0
    )
    last_known = 10 + 0.5 * 11
    assert mark(display) == pytest.approx(last_known + 0.5 * 5.0 / 2.0)
    assert display.axes_[1].get_xlabel() == "seconds"


@pytest.mark.parametrize("timezone", [None, "US/Pacific"])
def test_dates_and_the_mark_among_them(hours, timezone):
    frame = hours.tz_localize(timezone)
    display = ForecastDisplay.from_predictions(
        frame[200:], frame[200:] + 1, context=frame[:200], predictability_time=7.25
    )
    drawn = mdates.num2date(display.lines_[0].get_xdata(orig=False))
    expected = frame.index[200:]
    expected = expected.tz_localize("UTC") if timezone is None else expected.tz_convert("UTC")
    assert drawn == expected.to_pydatetime().tolist()
    at = pd.Timestamp(mdates.num2date(mark(display)))
    assert at == expected[0] + pd.Timedelta(hours=6.25)
    assert "predictability time 7.25 h" in legend(display)
    ticks = [label.get_text() for label in display.axes_[1].get_xticklabels()]
    assert len([tick for tick in ticks if tick]) <= 9


def test_mark_between_months_of_unequal_length():
    index = pd.date_range("2023-01-01", periods=4, freq="MS")
    display = ForecastDisplay.from_predictions(
        TRUE[:3], PRED[:3], context=PAST[:1], index=index, predictability_time=1.5
    )
    assert pd.Timestamp(mdates.num2date(mark(display))) == pd.Timestamp("2023-02-15", tz="UTC")


def test_other_indexes():
    months = pd.period_range("2023-01", periods=30, freq="M")
    display = ForecastDisplay.from_predictions(TRUE, PRED, index=months)
    assert_array_equal(display.time, months.to_timestamp())
    waits = pd.to_timedelta(np.arange(30) * 1.5, unit="min")
    display = ForecastDisplay.from_predictions(TRUE, PRED, index=waits)
    assert_array_equal(display.time, 90.0 * np.arange(30))
    assert display.axes_[1].get_xlabel() == "time (s)"
    counted = pd.DataFrame(TRUE, index=pd.RangeIndex(100, 130))
    display = ForecastDisplay.from_predictions(counted, PRED, dt=0.5)
    assert_array_equal(display.time, 0.5 * np.arange(1, 31))


@pytest.mark.parametrize(
    ("time", "note"),
    [
        (np.inf, "predictability time: infinite (no positive exponent)"),
        (np.nan, "predictability time: not known"),
        (31.0, "predictability time 31: beyond this forecast"),
    ],
)
def test_no_mark_says_why(time, note):
    display = ForecastDisplay.from_predictions(TRUE, PRED, predictability_time=time)
    assert display.predictability_lines_ == []
    assert note in legend(display)


def test_mark_at_the_very_end():
    display = ForecastDisplay.from_predictions(TRUE, PRED, predictability_time=30.0)
    assert mark(display) == 30.0


@pytest.mark.parametrize("dated", [False, True])
def test_lyapunov_axis_counts_lyapunov_times(hours, dated):
    display = ForecastDisplay.from_predictions(
        TRUE,
        PRED,
        context=PAST,
        index=hours.index[:42] if dated else None,
        predictability_time=20 * np.log(2),  # steps; a Lyapunov time is 20 of them
        lyapunov_axis=True,
    )
    last_known, step = (mdates.date2num(hours.index[11]), 1 / 24) if dated else (0.0, 1.0)
    display.figure_.canvas.draw()  # when a second axis takes its limits
    steps = (np.array(display.ax_.get_xlim()) - last_known) / step
    assert_allclose(display.lyapunov_axis_.get_xlim(), steps / 20)
    assert display.lyapunov_axis_.get_xlabel() == "Lyapunov times"


def test_lyapunov_axis_is_left_out_unless_wanted():
    display = ForecastDisplay.from_predictions(TRUE, PRED, predictability_time=5.0)
    assert display.lyapunov_axis_ is None


@pytest.mark.parametrize("time", [None, np.inf, np.nan])
def test_lyapunov_axis_needs_a_time(time):
    with pytest.raises(ValueError, match="lyapunov_axis=True needs a finite"):
        ForecastDisplay.from_predictions(TRUE, PRED, predictability_time=time, lyapunov_axis=True)


def test_limits_show_the_truth_not_a_runaway():
    pred = PRED.copy()
    pred[20:] = 1e9
    pred[25:] = np.nan
    display = ForecastDisplay.from_predictions(TRUE, pred)
    low, high = display.ax_.get_ylim()
    assert high - low < 2 * np.ptp(TRUE[:, 0])


def test_existing_axes_are_used():
    figure, ax = plt.subplots()
    display = ForecastDisplay.from_predictions(TRUE, PRED, columns="x1", ax=ax, linestyle=":")
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert_array_equal(display.lines_[0].get_ydata(), PRED[:, 1])
    assert display.lines_[0].get_linestyle() == ":"
    with pytest.raises(ValueError, match=r"1 axes, but 2 column\(s\) need"):
        ForecastDisplay.from_predictions(TRUE, PRED, ax=ax)


def test_estimator_is_given_what_comes_before_the_truth(echo):
    X = RNG.normal(size=(100, 3))
    display = ForecastDisplay.from_estimator(echo, X, n_steps=40, n_shown=10)
    assert_array_equal(display.y_true, X[60:])
    assert_array_equal(display.context, X[50:60])
    assert_array_equal(display.y_pred, X[59] + np.arange(1, 41)[:, None])
    assert mark(display) == 20.5 * 0.5
    assert "forecast of Echo" in legend(display)


def test_default_lengths(echo):
    X = RNG.normal(size=(300, 1))
    display = ForecastDisplay.from_estimator(echo, X)
    assert len(display.y_true) == 8 * 20.5
    assert len(display.context) == 8 * 20.5 // 2
    echo.predictability_time_ = np.inf
    display = ForecastDisplay.from_estimator(echo, X, n_shown=0)
    assert len(display.y_true) == 300 - 3
    assert len(display.context) == 0


def test_frame_with_dates_through_a_fitted_model(hours, hourly_model):
    display = ForecastDisplay.from_estimator(hourly_model, hours, n_steps=48, columns="wet")
    expected = hourly_model.forecast(48, X=hours[:-48])
    assert_array_equal(display.lines_[0].get_ydata(), expected["wet"])
    assert display.time[-48:].equals(expected.index)
    assert display.ax_.get_ylabel() == "wet"
    assert display.predictability_time == pytest.approx(
        hourly_model.predictability_time_, nan_ok=True
    )


def test_index_survives_a_pipeline_and_a_search(hours, echo):
    pipeline = make_pipeline(StandardScaler(), echo)
    search = GridSearchCV(
        pipeline, {"echo__n_hidden": [1, 2]}, cv=TimeSeriesSplit(2), scoring=lambda e, X: 0.0
    )
    display = ForecastDisplay.from_estimator(search.fit(hours), hours, n_steps=24)
    assert display.time[-24:].equals(hours.index[-24:])
    assert_allclose(display.y_true, StandardScaler().fit_transform(hours)[-24:])


def test_clock_of_a_transformed_forecaster(hours, hourly_model):
    model = TransformedForecaster(hourly_model, StandardScaler()).fit(hours)
    display = ForecastDisplay.from_estimator(model, hours, n_steps=24)
    assert display.predictability_time == pytest.approx(
        model.forecaster_.predictability_time_, nan_ok=True
    )


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"dt": 0}, ValueError, "dt == 0"),
        ({"dt": "1"}, TypeError, "dt must be an instance"),
        ({"predictability_time": -1.0}, ValueError, "predictability_time=-1.0 must be positive"),
        ({"predictability_time": "1"}, TypeError, "predictability_time must be an instance"),
        ({"columns": [0, 1, 2]}, ValueError, "2, but positions go from 0 to 1"),
        ({"context": PAST[:, :1]}, ValueError, "y_true has 2 column.* context has 1"),
        ({"index": range(29)}, ValueError, "index holds 29 label.* 0 \\+ 30 rows"),
        ({"index": [0, *range(29)]}, ValueError, "from 0.0 to 0.0 at row 1"),
        ({"index": list("abc") * 10}, TypeError, "labels like 'a'"),
    ],
)
def test_bad_choices(kwargs, error, message):
    with pytest.raises(error, match=message):
        ForecastDisplay.from_predictions(TRUE, PRED, **kwargs)


def test_bad_data(echo):
    with pytest.raises(ValueError, match="y_true has 30 rows and y_pred has 29"):
        ForecastDisplay.from_predictions(TRUE, PRED[:29])
    with pytest.raises(ValueError, match="minimum of 2 is required"):
        ForecastDisplay.from_predictions(TRUE[:1], PRED[:1])
    with pytest.raises(ValueError, match=r"X has 4 row.* Give 5 or more"):
        ForecastDisplay.from_estimator(echo, TRUE[:4])
    with pytest.raises(ValueError, match=r"n_steps=28, but after a context of 3 .* 2 to 27"):
        ForecastDisplay.from_estimator(echo, TRUE, n_steps=28)
    with pytest.raises(ValueError, match="n_shown == -1"):
        ForecastDisplay.from_estimator(echo, TRUE, n_shown=-1)
    with pytest.raises(TypeError, match="no forecast method"):
        ForecastDisplay.from_estimator(StandardScaler(), TRUE)
