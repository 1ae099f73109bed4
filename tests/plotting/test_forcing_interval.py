import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skchaos import ChaoticRNNRegressor
from skchaos.metrics import DYNAMICS_SCORERS, state_space_divergence_scorer
from skchaos.model_selection import ChaoticRNNRegressorCV
from skchaos.plotting import ForcingIntervalDisplay
from tests.plotting.conftest import Echo, small

X = np.random.default_rng(0).normal(size=(60, 1))
FOLDS = TimeSeriesSplit(3)


def distance(estimator, X, y=None):
    """Score with an optimum at 10 steps that knows its fold, its width and its seed."""
    interval = estimator.forcing_interval_
    return (
        abs(np.log10(interval / 10)) + estimator.n_hidden + len(X) + (estimator.random_state or 0)
    )


def negated(estimator, X, y=None):
    return -(10.0 ** abs(np.log10(estimator.forcing_interval_ / 10)))


def search(grid, scoring=distance, estimator=None, **kwargs):
    estimator = estimator or Echo(dt=0.5)
    return GridSearchCV(estimator, grid, cv=FOLDS, scoring=scoring, **kwargs).fit(X)


def legend(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


def test_scores_are_drawn_in_the_order_of_the_intervals():
    display = ForcingIntervalDisplay.from_scores([30, 5, 100], [2.0, 1.0, 3.0], name="LSTM")
    assert_array_equal(display.lines_[0].get_xdata(), [5, 30, 100])
    assert_array_equal(display.lines_[0].get_ydata(), [1, 2, 3])
    assert display.points_ == []
    assert display.ax_.get_xscale() == "log"
    assert display.ax_.get_yscale() == "linear"
    assert legend(display) == ["LSTM"]


def test_mean_and_every_repeat():
    scores = np.array([[1.0, 3.0], [np.nan, 5.0], [np.nan, np.nan]])
    display = ForcingIntervalDisplay.from_scores([5, 30, 60], {"a": scores, "b": scores + 1})
    assert_array_equal(display.lines_[0].get_xdata(), [5, 30])
    assert_array_equal(display.lines_[0].get_ydata(), [2, 5])
    assert_array_equal(display.points_[1].get_xdata(), [5, 5, 30, 30, 60, 60])
    assert_array_equal(display.points_[1].get_ydata(), scores.ravel() + 1)
    assert len({line.get_color() for line in display.lines_}) == 2
    assert len({line.get_marker() for line in display.lines_}) == 2


def test_mark_is_in_steps():
    display = ForcingIntervalDisplay.from_scores([5, 30], [1, 2], predictability_time=0.63, dt=0.01)
    assert_allclose(display.predictability_line_.get_xdata(), 63)
    assert "predictability time (63 steps)" in legend(display)


def test_no_mark_says_why():
    display = ForcingIntervalDisplay.from_scores([5, 30], [1, 2], predictability_time=np.inf)
    assert display.predictability_line_ is None
    assert "predictability time: infinite (no positive exponent)" in legend(display)


@pytest.mark.parametrize(
    ("scores", "scale"), [([0.1, 2], "log"), ([0.1, 0.9], "linear"), ([-1, 20], "linear")]
)
def test_vertical_axis_is_logarithmic_over_decades(scores, scale):
    assert ForcingIntervalDisplay.from_scores([5, 30], scores).ax_.get_yscale() == scale


def test_existing_axes_are_used():
    figure, ax = plt.subplots()
    display = ForcingIntervalDisplay.from_scores([5, 30], [1, 2], ax=ax, c="red", ls=":")
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert (display.lines_[0].get_color(), display.lines_[0].get_linestyle()) == ("red", ":")
    with pytest.raises(ValueError, match="ax holds 2 axes"):
        display.plot(plt.subplots(2)[1])


def test_search_on_its_own():
    found = search({"forcing_interval": [100, 1, 10]})
    display = ForcingIntervalDisplay.from_search(found)
    assert_array_equal(display.intervals, [1, 10, 100])
    assert_allclose(display.lines_[0].get_ydata(), [17, 16, 17])  # 1 unit + 15 rows a fold
    assert display.scores[""].shape == (3, 3)
    assert_allclose(display.predictability_line_.get_xdata(), 20.5)
    assert display.ax_.get_ylabel() == "score (higher is better)"
    assert display.auto_ == []


def test_search_in_a_pipeline():
    pipeline = make_pipeline(StandardScaler(), Echo())

    def score(estimator, X, y=None):
        return distance(estimator[-1], X)

    found = search({"echo__forcing_interval": [1, 10]}, score, pipeline)
    display = ForcingIntervalDisplay.from_search(found)
    assert_allclose(display.lines_[0].get_ydata(), [17, 16])
    assert_allclose(display.predictability_line_.get_xdata(), 20.5)


def test_other_parameters_are_curves_and_seeds_are_repeats():
    grid = {"forcing_interval": [1, 10], "n_hidden": [2, 4], "random_state": [0, 1], "dt": [1.0]}
    display = ForcingIntervalDisplay.from_search(search(grid))
    assert list(display.scores) == ["n_hidden=2", "n_hidden=4"]
    assert display.scores["n_hidden=4"].shape == (2, 6)
    assert_allclose(display.lines_[1].get_ydata(), [20.5, 19.5])
    assert legend(display)[:2] == ["n_hidden=2", "n_hidden=4"]
    with pytest.raises(ValueError, match="there are 2 curves"):
        display.plot(name="mine")


def test_lists_of_grids_leave_gaps():
    grid = [
        {"forcing_interval": [1, 10], "n_hidden": [2]},
        {"forcing_interval": [10, 100], "n_hidden": [4], "random_state": [0, 1]},
    ]
    display = ForcingIntervalDisplay.from_search(search(grid))
    assert_array_equal(display.lines_[0].get_xdata(), [1, 10])
    assert_array_equal(display.lines_[1].get_xdata(), [10, 100])


def test_auto_that_has_won_is_a_star_at_its_interval():
    display = ForcingIntervalDisplay.from_search(
        search({"forcing_interval": [1, "auto", 2]}, negated)
    )
    assert_array_equal(display.intervals, [1, 2])
    assert_array_equal(display.auto_[0].get_xdata(), [10])
    assert_allclose(display.auto_[0].get_ydata(), [-1])
    assert "auto (10 steps)" in legend(display)


def test_auto_that_has_lost_is_a_horizontal_line():
    found = search({"forcing_interval": [1, "auto", 2]})  # the score is best at 1
    display = ForcingIntervalDisplay.from_search(found)
    assert_allclose(display.auto_[0].get_ydata(), [16, 16])
    assert "auto" in legend(display)


def test_negated_errors_are_turned_back():
    scoring = {"neg_distance": negated, "distance": distance}
    found = search({"forcing_interval": [1, 10, 1000]}, scoring, refit="neg_distance")
    display = ForcingIntervalDisplay.from_search(found)
    assert_allclose(display.lines_[0].get_ydata(), [10, 1, 100])
    assert display.ax_.get_ylabel() == "distance (lower is better)"
    assert display.ax_.get_yscale() == "log"
    other = ForcingIntervalDisplay.from_search(found, metric="distance")
    assert_allclose(other.lines_[0].get_ydata(), [17, 16, 18])
    with pytest.raises(ValueError, match=r"metric='r2' is not one of .*\['neg_distance'"):
        ForcingIntervalDisplay.from_search(found, metric="r2")


def test_search_without_refit():
    found = search({"forcing_interval": [1, 10, "auto"]}, {"distance": distance}, refit=False)
    with pytest.raises(ValueError, match="metric=None is not one of"):
        ForcingIntervalDisplay.from_search(found)
    display = ForcingIntervalDisplay.from_search(found, metric="distance")
    assert display.predictability_line_ is None
    display = ForcingIntervalDisplay.from_search(found, metric="distance", predictability_time=4.0)
    assert_allclose(display.predictability_line_.get_xdata(), 4.0 / 0.5)
    assert len(display.auto_) == 1


def test_of_a_search_that_halves_the_last_round_of_each_candidate_is_drawn(lorenz):
    model = ChaoticRNNRegressor(
        dt=0.01, max_iter=27, n_init=1, early_stopping=False, random_state=0
    )
    found = ChaoticRNNRegressorCV(
        model, {"forcing_interval": [5, 10, 20]}, cv=2, factor=3, refit=False
    ).fit(lorenz)
    display = ForcingIntervalDisplay.from_search(found)
    scores = found.cv_results_["mean_test_score"]
    assert found.cv_results_["iter"].tolist() == [0, 0, 0, 1]
    best = found.best_params_["forcing_interval"]
    at_first = dict(zip([5, 10, 20], scores, strict=False))
    expected = [-scores[3] if step == best else -at_first[step] for step in (5, 10, 20)]
    assert_allclose(display.lines_[0].get_ydata(), expected)
    assert display.scores[""].shape == (3, 2)


def test_search_over_a_real_model(lorenz):
    found = GridSearchCV(
        make_pipeline(StandardScaler(), small(dt=0.01, n_delays=2, delay=2)),
        {"chaoticrnnregressor__forcing_interval": [5, 20]},
        scoring=DYNAMICS_SCORERS,
        refit="neg_state_space_divergence",
        cv=TimeSeriesSplit(2),
    ).fit(lorenz)
    display = ForcingIntervalDisplay.from_search(found)
    assert_allclose(
        display.lines_[0].get_ydata(),
        -found.cv_results_["mean_test_neg_state_space_divergence"],
    )
    assert display.ax_.get_ylabel() == "state space divergence (lower is better)"
    assert display.dt == 0.01
    display = ForcingIntervalDisplay.from_search(found, metric="valid_prediction_time")
    assert display.ax_.get_ylabel() == "valid prediction time (higher is better)"


def test_single_scorer_of_ours_has_a_name_and_a_sign():
    found = search({"forcing_interval": [1, 10]}, state_space_divergence_scorer)
    display = ForcingIntervalDisplay.from_search(found)
    assert display.ax_.get_ylabel() == "state space divergence (lower is better)"
    assert_allclose(display.lines_[0].get_ydata(), -found.cv_results_["mean_test_score"])


@pytest.mark.filterwarnings("ignore:One or more of the test scores:UserWarning")
def test_failed_candidates_are_named_and_left_out():
    def fragile(estimator, X, y=None):
        return np.nan if estimator.forcing_interval == 10 else distance(estimator, X)

    found = search({"forcing_interval": [1, 10, 100]}, fragile)
    with pytest.warns(
        UserWarning, match="forcing_interval 10, have a score that is not finite"
    ) as said:
        display = ForcingIntervalDisplay.from_search(found)
    assert said[0].filename == __file__
    assert_array_equal(display.lines_[0].get_xdata(), [1, 100])


def test_bad_searches(echo):
    with pytest.raises(NotFittedError):
        ForcingIntervalDisplay.from_search(GridSearchCV(Echo(), {"forcing_interval": [1]}))
    with pytest.raises(TypeError, match="is not a search such as"):
        ForcingIntervalDisplay.from_search(echo)
    with pytest.raises(ValueError, match=r"has tried \['n_hidden'\]"):
        ForcingIntervalDisplay.from_search(search({"n_hidden": [1, 2]}))
    with pytest.raises(ValueError, match="'auto' alone"):
        ForcingIntervalDisplay.from_search(search({"forcing_interval": ["auto"]}))
    with pytest.raises(ValueError, match="one score only"):
        ForcingIntervalDisplay.from_search(search({"forcing_interval": [1]}), metric="r2")


@pytest.mark.parametrize(
    ("intervals", "scores", "kwargs", "error", "message"),
    [
        ([0, 5], [1, 2], {}, ValueError, "1 or more"),
        ([1.5, 5], [1, 2], {}, ValueError, "whole numbers"),
        ([5, 5], [1, 2], {}, ValueError, "different"),
        (["auto", 5], [1, 2], {}, ValueError, "numbers of steps"),
        ([1, 5], [1, 2, 3], {}, ValueError, r"shape \(3,\).* \(2,\)"),
        ([1, 5], [1, np.inf], {}, ValueError, "infinite"),
        ([1, 5], [1, 2], {"dt": -1}, ValueError, "dt == -1"),
        ([1, 5], [1, 2], {"predictability_time": 0}, ValueError, "must be positive"),
    ],
)
def test_bad_scores(intervals, scores, kwargs, error, message):
    with pytest.raises(error, match=message):
        ForcingIntervalDisplay.from_scores(intervals, scores, **kwargs)
