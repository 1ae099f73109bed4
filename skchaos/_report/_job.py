"""The main job: fit the network and the baselines on the same rows, and judge all on the rest."""

import math
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from threadpoolctl import threadpool_limits

from skchaos._regressor import ChaoticRNNRegressor
from skchaos._report._input import InputError, Source
from skchaos._report._scores import HeldOut, Score, floors, judge
from skchaos._series import is_constant
from skchaos.baselines import (
    DelayRidgeForecaster,
    EchoStateForecaster,
    MeanForecaster,
    PolynomialMapForecaster,
)

# Forecasts over half of the held-out rows then have the 50 starts of a fair median, and an echo
# state network has rows to settle, to fit and to choose its settings.
MIN_TEST_ROWS, MIN_TRAINING_ROWS = 100, 300


@dataclass(frozen=True)
class Report:
    """What the main job found.

    Attributes
    ----------
    source : Source
        The series.
    held_out : HeldOut
        How it was split, and where forecasts started.
    model : ChaoticRNNRegressor
        Fitted on the training rows.
    scores : list of Score
        The model first, then the baselines.
    floors : list of Score
        The data against themselves.
    """

    source: Source
    held_out: HeldOut
    model: ChaoticRNNRegressor
    scores: list[Score]
    floors: list[Score]


def run_job(source, *, test_fraction, max_iter, random_state, say):
    """Fit and judge the network and the baselines.

    Parameters
    ----------
    source : Source
        The series.
    test_fraction : float
        Part of the rows, at the end, that is held out.
    max_iter : int
        Updates of the network.
    random_state : int
        Determines all that is random.
    say : callable
        Called with a line of text at each stage.

    Returns
    -------
    Report
        All that the text and the picture show.

    Raises
    ------
    InputError
        If there are too few rows, or the network refuses them.
    """
    rows = source.frame.to_numpy()
    n_train = _n_train(rows, test_fraction)
    training = source.frame.iloc[:n_train]
    model, seconds = _fit_model(training, source.dt, max_iter, random_state, say)
    lyapunov_steps = model.predictability_time_ / math.log(2) / source.dt
    held_out = HeldOut.of(rows, n_train, lyapunov_steps)
    with threadpool_limits(1):  # the products are small: on a busy machine threads only wait
        scores = [judge(f"ChaoticRNNRegressor ({model.cell})", model, held_out, seconds)]
        for name, make in _BASELINES.items():
            say(f"fitting the baselines: {name}")
            scores.append(_score_baseline(name, make(random_state), training, held_out))
    return Report(source, held_out, model, scores, floors(held_out, model.noise_level_))


def _n_train(rows, test_fraction):
    n_rows = len(rows)
    n_train = n_rows - round(test_fraction * n_rows)
    if n_rows - n_train < MIN_TEST_ROWS or n_train < MIN_TRAINING_ROWS:
        n_needed = max(MIN_TEST_ROWS / test_fraction, MIN_TRAINING_ROWS / (1 - test_fraction))
        raise InputError(
            f"{n_rows:,} row(s) are too few: with --test-fraction {test_fraction:g}, "
            f"{n_rows - n_train:,} would be held out (at least {MIN_TEST_ROWS} are needed) and "
            f"{n_train:,} trained on (at least {MIN_TRAINING_ROWS}). Give "
            f"{math.ceil(n_needed + 1):,} rows or more."
        )
    if is_constant(rows[n_train:]).any():
        raise InputError(
            f"a column is constant over the last {n_rows - n_train:,} rows, which are held out, so "
            "no forecast of it can be judged: cut the file before, or leave the column out of "
            "--value-columns."
        )
    return n_train


def _fit_model(training, dt, max_iter, random_state, say):
    model = ChaoticRNNRegressor(dt=dt, max_iter=max_iter, random_state=random_state, verbose=1)
    say(f"fitting the network on {len(training):,} rows, {max_iter:,} updates")
    start = perf_counter()
    try:
        model.fit(training)
    except (ValueError, TypeError, RuntimeError) as error:  # its messages name the remedy
        raise InputError(str(error)) from error
    return model, perf_counter() - start


_BASELINES = {
    "echo state network": lambda seed: EchoStateForecaster(random_state=seed),
    "ridge on delays (NVAR)": lambda _: DelayRidgeForecaster(),
    "cubic map": lambda _: PolynomialMapForecaster(),
    "mean": lambda _: MeanForecaster(),
}


def _score_baseline(name, forecaster, training, held_out):
    start = perf_counter()
    try:
        forecaster.fit(training)
    except ImportError:
        return Score(name, note="not installed: pip install 'skchaos[examples]'")
    except ValueError as error:  # too many columns for a polynomial
        return Score(name, note=" ".join(str(error).split()))
    return judge(_described(name, forecaster), forecaster, held_out, perf_counter() - start)


def _described(name, forecaster):
    """Return `name` with what the fit chose."""
    n_delays = getattr(forecaster, "n_delays_", None)
    if n_delays is not None:
        return f"{name}, {n_delays} row{'s' * (n_delays > 1)}"
    return f"{name}, {forecaster.n_units} units" if hasattr(forecaster, "n_units") else name


def typical_start(report):
    """Return the start whose valid prediction time is the median of the network's."""
    valid = report.scores[0].valid_steps
    return int(np.argsort(valid, kind="stable")[len(valid) // 2])
