import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skchaos.plotting import AttractorDisplay

RNG = np.random.default_rng(0)
TRUE, PRED = RNG.normal(size=(30, 4)), RNG.normal(size=(20, 4))


def points(line):
    return np.column_stack(line.get_data_3d() if hasattr(line, "get_data_3d") else line.get_data())


def test_three_columns_are_drawn_as_they_are():
    display = AttractorDisplay.from_predictions(TRUE, PRED, columns=[0, 2, 3])
    assert_array_equal(points(display.lines_[0]), TRUE[:, [0, 2, 3]])
    inside = points(display.lines_[1])
    shown = ~np.isnan(inside).any(axis=1)
    assert_array_equal(inside[shown], PRED[shown][:, [0, 2, 3]])
    assert [axis.name for axis in display.axes_] == ["3d", "3d"]
    assert display.ax_.get_zlabel() == "x3"
    assert display.ax_.get_zlim() == display.axes_[1].get_zlim()


def test_two_columns_are_drawn_in_the_plane():
    frame = pd.DataFrame(TRUE, columns=list("abcd"))
    display = AttractorDisplay.from_predictions(frame, PRED, columns=["d", "b"])
    assert_array_equal(points(display.lines_[0]), TRUE[:, [3, 1]])
    assert_array_equal(points(display.lines_[1]), PRED[:, [3, 1]])
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("d", "b")
    assert display.ax_.get_xlim() == display.axes_[1].get_xlim()


@pytest.mark.parametrize("columns", [1, "x1"])
def test_one_column_is_drawn_against_itself(columns):
    display = AttractorDisplay.from_predictions(TRUE, PRED, columns=columns, delay=4)
    assert_array_equal(points(display.lines_[0]), np.column_stack([TRUE[:-4, 1], TRUE[4:, 1]]))
    assert_array_equal(points(display.lines_[1]), np.column_stack([PRED[:-4, 1], PRED[4:, 1]]))
    assert display.ax_.get_ylabel() == "x1(t + 4 steps)"


def test_automatic_delay_of_a_sine_is_where_its_cosine_falls_to_1_minus_1_over_e():
    sine = pd.Series(np.sin(2 * np.pi * np.arange(4000) / 100), name="tide")
    display = AttractorDisplay.from_predictions(sine, sine)
    assert display.delay == np.ceil(100 * np.arccos(1 - 1 / np.e) / (2 * np.pi))
    assert display.ax_.get_xlabel() == "tide(t)"


def test_maps_are_dots_and_flows_are_lines(lorenz):
    flow = AttractorDisplay.from_predictions(lorenz, lorenz, columns="x").lines_[0]
    jumps = AttractorDisplay.from_predictions(TRUE, PRED, columns=0).lines_[0]
    assert flow.get_linestyle() == "-"
    assert jumps.get_linestyle() == "None"


def test_run_that_leaves_the_range_of_numbers_is_cut_and_named():
    pred = PRED.copy()
    pred[12:, 1] = [np.inf, *[np.nan] * 7]
    display = AttractorDisplay.from_predictions(TRUE, pred, columns=[0, 1], name="PLRNN")
    assert_array_equal(points(display.lines_[1]), PRED[:12, :2])
    assert display.axes_[1].get_title() == "free run of PLRNN (not finite after 12 steps)"


@pytest.mark.parametrize("far", [-1e9, 1e9])
def test_run_far_away_does_not_squeeze_the_truth(far):
    pred = PRED.copy()
    pred[5] = far
    display = AttractorDisplay.from_predictions(TRUE, pred, columns=[0, 1, 2])
    low, high = display.ax_.get_xlim()
    assert high - low < 2 * np.ptp(TRUE[:, 0])
    assert np.isnan(points(display.lines_[1])[5]).all()  # 3-D axes would draw it out of the box


def test_one_existing_axes_holds_both():
    figure, ax = plt.subplots()
    display = AttractorDisplay.from_predictions(TRUE, PRED, columns=[0, 1], ax=ax, name="me", lw=3)
    assert display.figure_ is figure
    assert list(ax.get_lines()) == display.lines_
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == ["data (30 rows)", "free run of me (20 steps)"]
    assert display.lines_[0].get_color() != display.lines_[1].get_color()
    assert display.lines_[1].get_linewidth() == 3


def test_two_existing_axes_are_used():
    _, axes = plt.subplots(2, 1)
    display = AttractorDisplay.from_predictions(TRUE, PRED, columns=[0, 1], ax=axes)
    assert display.axes_.tolist() == axes.tolist()
    assert [len(axis.get_lines()) for axis in axes] == [1, 1]


def test_plot_again_elsewhere():
    display = AttractorDisplay.from_predictions(TRUE, PRED, columns=[0, 1])
    first = display.figure_
    assert display.plot(name="other") is display
    assert display.figure_ is not first
    assert "of other" in display.axes_[1].get_title()


def test_free_run_begins_after_the_first_context(echo):
    X = TRUE[:, :2]
    display = AttractorDisplay.from_estimator(echo, X, n_steps=50)
    assert_array_equal(display.X_true, X[3:])
    assert_array_equal(display.X_pred, X[2] + np.arange(1, 51)[:, None])
    assert display.axes_[1].get_title() == "free run of Echo (50 steps)"


def test_free_run_of_a_fitted_model(lorenz, lorenz_model):
    n_context = lorenz_model.n_context_
    display = AttractorDisplay.from_estimator(lorenz_model, lorenz, columns=["z", "x"])
    expected = lorenz_model.forecast(len(lorenz) - n_context, X=lorenz.iloc[:n_context])
    assert_array_equal(points(display.lines_[0]), lorenz[["z", "x"]].to_numpy()[n_context:])
    assert_array_equal(points(display.lines_[1]), expected[["z", "x"]].to_numpy())


def test_pipeline_is_drawn_in_the_units_of_its_last_step(echo):
    X = 100 + TRUE[:, :2]
    pipeline = make_pipeline(StandardScaler(), echo).fit(X)
    display = AttractorDisplay.from_estimator(pipeline, X)
    assert_array_equal(display.X_true, StandardScaler().fit_transform(X)[3:])


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"columns": [0, 1, 2, 3]}, ValueError, "chooses 4 column.* 1 to 3"),
        ({"columns": []}, ValueError, "chooses 0 column"),
        ({"columns": [1, 1]}, ValueError, "different"),
        ({"columns": 4}, ValueError, "4, but positions go from 0 to 3"),
        ({"columns": -1}, ValueError, "-1, but positions"),
        ({"columns": "y"}, ValueError, "'y', which is not one of"),
        ({"columns": [1.5]}, TypeError, "1.5; give names"),
        ({"columns": 0, "delay": 0}, ValueError, "delay == 0, must be >= 1"),
        ({"columns": 0, "delay": 30}, ValueError, "delay=30 must be below the 30 rows"),
        ({"columns": 0, "delay": "long"}, TypeError, "delay='long'"),
    ],
)
def test_bad_choices(kwargs, error, message):
    with pytest.raises(error, match=message):
        AttractorDisplay.from_predictions(TRUE, PRED, **kwargs)


def test_bad_data():
    with pytest.raises(ValueError, match=r"X_true has 4 column.* X_pred has 3"):
        AttractorDisplay.from_predictions(TRUE, PRED[:, :3])
    with pytest.raises(ValueError, match="X_true contains NaN"):
        AttractorDisplay.from_predictions(np.full((5, 1), np.nan), PRED[:, :1])
    with pytest.raises(ValueError, match="reorder"):
        AttractorDisplay.from_predictions(
            pd.DataFrame(TRUE, columns=list("abcd")), pd.DataFrame(PRED, columns=list("badc"))
        )


def test_bad_axes():
    _, ax = plt.subplots()
    with pytest.raises(ValueError, match='projection="3d"'):
        AttractorDisplay.from_predictions(TRUE, PRED, ax=ax)
    _, axes = plt.subplots(3)
    with pytest.raises(ValueError, match="ax holds 3 axes"):
        AttractorDisplay.from_predictions(TRUE, PRED, columns=[0, 1], ax=axes)


def test_bad_estimator(echo):
    with pytest.raises(TypeError, match="no forecast method"):
        AttractorDisplay.from_estimator(StandardScaler(), TRUE)
    with pytest.raises(ValueError, match=r"X has 4 row.* Give 5 or more"):
        AttractorDisplay.from_estimator(echo, TRUE[:4])
    with pytest.raises(ValueError, match="n_steps == 1, must be >= 2"):
        AttractorDisplay.from_estimator(echo, TRUE, n_steps=1)
