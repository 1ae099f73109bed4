"""From parameters, and rows as a user gave them, to what is to be trained."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state

from skchaos._engine import resolve_device
from skchaos._filter import WindowFilter, shared_filter
from skchaos._fit import Job
from skchaos._index import TimeIndex, read_index
from skchaos._network import check_network, resolve_hidden, resolve_rectified, weights_of
from skchaos._noise import without_noise
from skchaos._plan import Plan, make_plan, measure
from skchaos._rows import column_labels, column_positions, learn_columns, read_rows
from skchaos._series import Scaling, Series
from skchaos._warn import warn
from skchaos.exceptions import NoiseKeptWarning
from skchaos.exponents import MeasuredExponents
from skchaos.neighbors._rows import trajectory_lengths

if TYPE_CHECKING:
    from skchaos._regressor import ChaoticRNNRegressor

SEEDS = np.iinfo(np.int32).max
MIN_ROWS = 5  # fewer cannot hold a window, a step and something to compare them with


def prepare(
    estimator: "ChaoticRNNRegressor",
    X: Any,
    y: Any = None,
    groups: Any = None,
    series: Series | None = None,
) -> Job:
    """Check everything and return what to train.

    What is measured on a series is kept with it.

    Parameters
    ----------
    estimator : ChaoticRNNRegressor
        Parameters, and with `warm_start` the last fit. It learns the names of the columns.
    X, y, groups
        See :meth:`ChaoticRNNRegressor.fit`.
    series : Series, optional
        Of the same rows, if known; not for an estimator that goes on.

    Raises
    ------
    ValueError
        If the parameters exclude each other, or ask for more than the rows give.
    RuntimeError
        If the device is not there.
    """
    resolve_device(estimator.device)  # fails before any work is done
    goes_on = estimator.warm_start and hasattr(estimator, "weight_names_")
    if series is not None and not np.array_equal(
        series.input_columns, column_positions(series.columns, estimator.input_columns)
    ):
        series = None  # of other inputs
    if series is None:
        series = check_series(estimator, X, y, groups, goes_on)
    else:
        learn_columns(estimator, X)
    plan, clean = settle(estimator, series, goes_on)
    if goes_on:
        is_clean = clean is series
        series = _scaled_as_last(estimator, series)
        clean = series if is_clean else _scaled_as_last(estimator, clean)
    seeds = check_random_state(estimator.random_state).randint(SEEDS, size=estimator.n_init)
    start = weights_of(estimator) if goes_on else None
    last_filter = estimator.noise_filter_ if goes_on else {}
    noise_filter = _filter_of(estimator, plan, series, clean, last_filter)
    return Job(estimator, plan, clean, series, seeds.tolist(), noise_filter, start)


def measure_as_fitted(
    estimator: "ChaoticRNNRegressor", X: Any, groups: Any
) -> tuple[MeasuredExponents, list[int]]:
    """Return the exponents that a fit would measure, and the lengths of trajectories."""
    series = check_series(estimator, X, None, groups)
    return measure(estimator, _without_noise(estimator, series))[1], series.lengths


def check_series(
    estimator: "ChaoticRNNRegressor", X: Any, y: Any, groups: Any, goes_on: bool = False
) -> Series:
    """Return checked rows, which must be those of the last fit's kind if the estimator goes on."""
    checked = read_rows(
        estimator,
        X,
        y,
        reset=not goes_on,
        min_rows=MIN_ROWS,
        keep_mapped=estimator.input_columns is None,  # else columns are taken apart in memory
    )
    rows, targets = (checked, None) if y is None else checked
    lengths = trajectory_lengths(groups, len(rows))
    columns = column_labels(X, rows.shape[1])
    like = TimeIndex.unpack(estimator.time_index_) if goes_on else None
    at = column_positions(columns, estimator.input_columns)
    series = Series.of(rows, targets, lengths, read_index(X, lengths, like), columns, at)
    if goes_on:
        _check_goes_on(estimator, series)
    return series


def _check_goes_on(estimator: "ChaoticRNNRegressor", series: Series) -> None:
    """Raise where the network to train is not the one of the last fit."""
    for name in ("cell", "n_hidden", "n_rectified", "state_inference", "n_delays", "delay"):
        wanted, last = getattr(estimator, name), getattr(estimator, f"{name}_")
        if wanted not in ("auto", last):
            raise ValueError(
                f"warm_start=True goes on from a network with {name}={last!r}, and now "
                f"{name}={wanted!r}: keep it, or set warm_start=False."
            )
    if not np.array_equal(series.input_columns, estimator.input_columns_):
        raise ValueError(
            f"warm_start=True goes on from a network whose inputs were the columns at "
            f"{estimator.input_columns_.tolist()}, and now they are at "
            f"{series.input_columns.tolist()}: keep them, or set warm_start=False."
        )
    if len(series.target_scaling.mean) != len(estimator.target_mean_):
        raise ValueError(
            f"warm_start=True goes on from a network with {len(estimator.target_mean_)} target(s), "
            f"and now y has {len(series.target_scaling.mean)}: give as many, or set "
            "warm_start=False."
        )


def _scaled_as_last(estimator: "ChaoticRNNRegressor", series: Series) -> Series:
    """Scale rows as those of the last fit, in whose units the weights are."""
    at, mean, scale = series.input_columns, estimator.mean_, estimator.scale_
    scaling = Scaling(np.delete(mean, at), np.delete(scale, at))
    return replace(
        series,
        scaling=scaling,
        noise_level=series.noise_level * series.scaling.scale / scaling.scale,
        input_scaling=Scaling(mean[at], scale[at]),
        target_scaling=Scaling(estimator.target_mean_, estimator.target_scale_),
    )


def _settled_as_last(estimator: "ChaoticRNNRegressor", series: Series) -> "ChaoticRNNRegressor":
    """Return parameters of which none is left open that the last fit has settled."""
    was_driven = len(estimator.innovations_) > 0
    longest = max(measure(estimator, series)[0])
    room = longest - (estimator.n_delays_ - 1) * estimator.delay_ - 1
    settled = {
        "n_hidden": estimator.n_hidden_,
        "n_rectified": estimator.n_rectified_ or "auto",  # 0 of a cell that leaves no choice
        "n_delays": estimator.n_delays_,
        "delay": estimator.delay_,
        # Fewer rows may have no room for it; a single step would be a model of another kind.
        "forcing_interval": min(estimator.forcing_interval_, max(room, 2)),
        "process_noise": was_driven,
    }
    given = estimator.get_params(deep=False)
    if given["process_noise"] not in ("auto", was_driven):
        del settled["forcing_interval"]  # which goes with it
    left = {name: value for name, value in settled.items() if given[name] == "auto"}
    return clone(estimator).set_params(**left)


def settle(estimator: "ChaoticRNNRegressor", series: Series, goes_on: bool) -> tuple[Plan, Series]:
    """Return the plan, and the series to train on."""
    settings = _settled_as_last(estimator, series) if goes_on else estimator
    n_hidden = resolve_hidden(settings.n_hidden, series.n_features, sum(series.lengths))
    n_rectified = resolve_rectified(settings.cell, n_hidden, settings.n_rectified)
    check_network(estimator, n_hidden, series.n_features)
    clean = _without_noise(settings, series)
    plan = make_plan(settings, clean, n_hidden, n_rectified)
    # Nobody can tell noise that drives from noise of observation beside it.
    return plan, series if plan.is_noise_driven else clean


def _without_noise(estimator: "ChaoticRNNRegressor", series: Series) -> Series:
    """Return the series to train on; those that are fitted to one series share it."""
    train_lengths, measured = measure(estimator, series)
    level = estimator.noise_level
    known = (level, estimator.dt, *train_lengths)
    if known not in series.measured:
        clean = without_noise(series, train_lengths, level, measured.noise_level)
        series.measured[known] = None if clean is series else clean  # no cycle
    return series.measured[known] or series


def _filter_of(
    estimator: "ChaoticRNNRegressor",
    plan: Plan,
    recorded: Series,
    clean: Series,
    last: dict[str, np.ndarray],
) -> WindowFilter | None:
    """Return what takes noise from windows, if any was taken from the rows, or from the last."""
    if clean is not recorded:
        return shared_filter(recorded, clean, plan.train_lengths, plan.kept)
    if last and estimator.noise_level == "auto" and not plan.is_noise_driven:
        return WindowFilter(**last)  # the rows are too few to tell, and the weights are used to it
    if estimator.noise_level not in ("auto", 0) and not plan.is_noise_driven:
        warn(
            f"noise_level={estimator.noise_level:g}, but no noise is taken from the rows: they are "
            "in a file, too few, or as noisy as half of what they vary, or those around a row "
            "know less of it than it does itself. Set noise_level to 'auto' or 0, which "
            "silences this.",
            NoiseKeptWarning,
        )
    return None
