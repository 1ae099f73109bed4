"""DelayEmbedding: which columns it makes, how many, and with whom it works."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from skchaos import ChaoticRNNRegressor, TransformedForecaster
from skchaos.datasets import make_henon, make_lorenz63
from skchaos.exceptions import NoEmbeddingWarning
from skchaos.neighbors import cao_dimension, choose_delay
from skchaos.preprocessing import DelayEmbedding
from tests.test_regressor import NEEDS_MEMORY, QUICK


# The checks fit a few random rows, of which no number determines the next.
@pytest.mark.filterwarnings("ignore::skchaos.exceptions.NoEmbeddingWarning")
# scikit-learn skips a check where the array API is not switched on.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(
    [DelayEmbedding(), DelayEmbedding(n_delays=3, delay=1), DelayEmbedding(n_delays=2)],
    expected_failed_checks=lambda estimator: NEEDS_MEMORY,
)
def test_scikit_learn_contract(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def frame():
    index = pd.date_range("2024-03-01", periods=1200, freq="h", name="time")
    rows = make_lorenz63(1200, columns=["x", "z"], random_state=0)
    return pd.DataFrame(rows, index=index, columns=["x", "z"])


def test_columns_are_the_recent_rows_newest_first():
    X = np.arange(1.0, 9.0).reshape(4, 2) ** 2
    made = DelayEmbedding(n_delays=2, delay=2).fit_transform(X)
    first = X[0]
    expected = np.column_stack([X, np.stack([first, first, X[0], X[1]])])
    assert_array_equal(made, expected)


def test_later_rows_change_nothing(frame):
    embedding = DelayEmbedding(n_delays=4, delay=7).fit(frame)
    whole = embedding.transform(frame)
    for k in (1, 5, 22, 300):
        assert_array_equal(embedding.transform(frame[:k]), whole[:k])


def test_inverse_gives_the_rows_back(frame):
    embedding = DelayEmbedding(n_delays=3, delay=5).fit(frame)
    assert_array_equal(embedding.inverse_transform(embedding.transform(frame)), frame.to_numpy())
    with pytest.raises(ValueError, match=r"2 column\(s\), but embedded rows have 6"):
        embedding.inverse_transform(frame)


def test_trajectories_begin_anew(frame):
    groups = np.repeat([0, 1], [700, 500])
    embedding = DelayEmbedding(n_delays=3, delay=5)
    made = embedding.fit_transform(frame, groups=groups)
    assert_array_equal(made[:700], embedding.transform(frame[:700]))
    assert_array_equal(made[700:], embedding.transform(frame[700:]))
    twice, both = pd.concat([frame, frame]), np.repeat([0, 1], 1200)
    # Each has an index of its own.
    assert_array_equal(embedding.transform(twice, groups=both)[1200:], embedding.transform(frame))


def test_frame_keeps_its_index_and_names_its_columns(frame):
    made = DelayEmbedding(n_delays=2, delay=7).set_output(transform="pandas").fit_transform(frame)
    assert made.index.equals(frame.index)
    assert made.columns.tolist() == ["x_lag0", "z_lag0", "x_lag7", "z_lag7"]
    assert_array_equal(made["x_lag7"].iloc[7:], frame["x"].iloc[:-7])


def test_choices_are_those_of_the_functions(frame):
    embedding = DelayEmbedding().fit(frame[["x"]])
    delay = choose_delay(frame[["x"]])
    found = cao_dimension(frame[["x"]], delay=delay.delay)
    assert (embedding.delay_, embedding.n_delays_) == (delay.delay, found.n_delays)
    assert embedding.n_context_ == (found.n_delays - 1) * delay.delay + 1
    assert_array_equal(embedding.mutual_information_, delay.mutual_information)
    assert_array_equal(embedding.e1_, found.e1)
    assert_array_equal(embedding.e2_, found.e2)


def test_what_is_given_is_not_measured(frame):
    embedding = DelayEmbedding().fit(frame[["x"]]).set_params(n_delays=4, delay=3)
    embedding.fit(frame)
    assert (embedding.n_delays_, embedding.delay_, embedding.n_context_) == (4, 3, 10)
    assert not {"e1_", "e2_", "mutual_information_"} & set(vars(embedding))
    assert DelayEmbedding(n_delays=1).fit(frame).delay_ == 1
    only_delay = DelayEmbedding(n_delays=4).fit(frame)
    assert hasattr(only_delay, "mutual_information_")
    assert not hasattr(only_delay, "e1_")
    assert DelayEmbedding(delay=11).fit(frame).delay_ == 11


def test_each_trajectory_is_measured_for_itself(global_random_seed):
    X = make_henon(12 * 40 * 9, columns=[0], random_state=global_random_seed)
    X = X.reshape(-1, 9, 12, 1)[:, 0].reshape(-1, 1)
    groups = np.repeat(np.arange(len(X) // 12), 12)
    assert len(DelayEmbedding(delay=1).fit(X, groups=groups).e1_) == 4


def test_noise_warns(global_random_seed):
    X = np.random.RandomState(global_random_seed).standard_normal((2000, 1))
    with pytest.warns(NoEmbeddingWarning, match="E2 is within") as caught:
        DelayEmbedding().fit(X)
    assert caught[0].filename == __file__


def test_linear_map_of_delays_is_recovered_in_a_pipeline():
    # x_next = 2 cos(w) x - x_before, for all rows but the first, before which stands itself.
    x = np.sin(0.2 * np.arange(1000))[:, None]
    for n_delays, least, most in ((1, 0.5, 0.99), (2, 0.9999, 1.0)):
        pipe = make_pipeline(DelayEmbedding(n_delays=n_delays, delay=1), Ridge(alpha=1e-9))
        assert least < pipe.fit(x[:-1], x[1:, 0]).score(x[1:-1], x[2:, 0]) <= most


def test_measured_window_helps_a_regressor_without_memory():
    X = make_henon(3000, columns=["x"], random_state=0)
    target, later = X[1:2001, 0], X[2001:, 0]
    alone = KNeighborsRegressor().fit(X[:2000], target).score(X[2000:-1], later)
    pipe = make_pipeline(DelayEmbedding(), KNeighborsRegressor()).fit(X[:2000], target)
    assert pipe.score(X[2000:-1], later) > 0.99 > alone


@pytest.mark.parametrize(
    ("X", "options", "message"),
    [
        (np.arange(20.0)[:, None], {"n_delays": 5, "delay": 5}, r"20 row\(s\).*spans 21"),
        (np.arange(20.0)[:, None], {"n_delays": 21}, r"20 row\(s\).*spans 21"),
        (np.arange(9.0)[:, None], {}, r"9 row\(s\).*at least 10"),
        (np.ones((50, 2)), {}, r"Column\(s\) \[0, 1\] are constant \(value 1\)"),
        (np.array([[1.0], [np.nan], [2.0]]), {}, "NaN in column 0 at row 1"),
        (np.arange(20.0)[:, None], {"n_delays": 0}, "'n_delays' parameter.*Got 0"),
        (np.arange(20.0)[:, None], {"delay": 0}, "'delay' parameter.*Got 0"),
        (np.arange(20.0)[:, None], {"delay": 2.5}, "'delay' parameter.*Got 2.5"),
    ],
)
def test_bad_input(X, options, message):
    with pytest.raises(ValueError, match=message):
        DelayEmbedding(**options).fit(X)


def test_a_window_that_cannot_fit_is_refused_before_anything_is_measured(monkeypatch):
    monkeypatch.delattr("skchaos.preprocessing._delay_embedding.choose_delay")
    with pytest.raises(ValueError, match="spans 21"):
        DelayEmbedding(n_delays=21).fit(np.arange(20.0)[:, None])


def test_index_and_columns_are_compared(frame):
    embedding = DelayEmbedding(n_delays=2, delay=3)
    with pytest.raises(ValueError, match="without holes"):
        embedding.fit(frame.drop(index=frame.index[7]))
    embedding.fit(frame)
    for wrong in (frame.drop(index=frame.index[7]), frame.iloc[::2]):
        with pytest.raises(ValueError, match=r"consecutive|one time step"):
            embedding.transform(wrong)
    with pytest.raises(ValueError, match="feature names"):
        embedding.transform(frame[["z", "x"]])
    with pytest.raises(ValueError, match="one label a row"):
        embedding.transform(frame, groups=[0, 1])


@pytest.fixture(scope="module")
def wrapped(frame):
    embedding = DelayEmbedding(n_delays=3, delay=5)
    return TransformedForecaster(ChaoticRNNRegressor(**QUICK), embedding).fit(frame)


def test_forecast_comes_back_as_the_original_columns(frame, wrapped):
    embedded = DelayEmbedding(n_delays=3, delay=5).set_output(transform="pandas")
    inner = ChaoticRNNRegressor(**QUICK).fit(embedded.fit_transform(frame))
    expected = inner.forecast(5)[["x_lag0", "z_lag0"]].set_axis(["x", "z"], axis=1)
    pd.testing.assert_frame_equal(wrapped.forecast(5), expected)
    pd.testing.assert_frame_equal(wrapped.forecast(5, frame), expected)
    assert wrapped.predict(frame).shape == frame.shape


def test_context_holds_the_rows_of_the_first_window(frame, wrapped):
    inner = wrapped.forecaster_.n_context_
    assert wrapped.n_context_ == inner + 10
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        short = wrapped.forecast(3, frame[-inner - 10 :])
    pd.testing.assert_frame_equal(short, wrapped.forecast(3, frame))


def test_contexts_do_not_mix(frame, wrapped):
    contexts = np.stack([frame.to_numpy()[:100], frame.to_numpy()[500:600]])
    many = wrapped.forecast(3, contexts)
    np.testing.assert_allclose(many[1], wrapped.forecast(3, frame[500:600]), rtol=1e-9)


def test_trajectories_do_not_mix_in_a_forecaster(frame):
    groups = np.repeat([0, 1], 600)
    embedding = DelayEmbedding(n_delays=3, delay=5)
    both = pd.concat([frame[600:], frame[:600]])
    wrapped = TransformedForecaster(ChaoticRNNRegressor(**QUICK), embedding)
    wrapped.fit(both, groups=groups)
    made = embedding.fit_transform(both, groups=groups)
    inner = ChaoticRNNRegressor(**QUICK).fit(made, groups=groups)
    assert_array_equal(wrapped.forecast(3), inner.forecast(3)[:, :2])
