"""What a fit leaves on the estimator, and what it warns of."""

from typing import TYPE_CHECKING

import numpy as np

from skchaos import _reconstruction
from skchaos._engine import restore
from skchaos._fit import Job, Trained
from skchaos._network import attribute_of
from skchaos._plan import measure
from skchaos._series import extremes, joined
from skchaos._validation import innovation_rows
from skchaos._warn import warn
from skchaos.exceptions import DivergenceWarning, InterruptedWarning, PoorFitWarning

if TYPE_CHECKING:
    from skchaos._regressor import ChaoticRNNRegressor


def take_over(
    estimator: "ChaoticRNNRegressor", job: Job, trained: Trained
) -> "ChaoticRNNRegressor":
    """Give an estimator what was trained, look at its free runs, and warn of what is wrong.

    Raises
    ------
    RuntimeError
        If training never reached a finite loss.
    KeyboardInterrupt
        If training was interrupted before there was anything to keep.
    """
    if trained.result.n_iter == 0 and trained.interrupted:
        raise KeyboardInterrupt
    if trained.result.n_iter == 0:
        raise RuntimeError(
            f"Training ended ({trained.result.stopped}) before its first check: there is "
            f"nothing to keep. Where it diverged, lower learning_rate={estimator.learning_rate:g} "
            "or scale outliers down."
        )
    _store_settings(estimator, job)
    _store_rows(estimator, job)
    _store_training(estimator, trained)
    _store_noise(estimator, job)
    _describe(estimator, job, trained)
    _warn(estimator, trained)
    return estimator


def _describe(estimator: "ChaoticRNNRegressor", job: Job, trained: Trained) -> None:
    """Look at free runs of what was trained."""
    train_lengths, measured = measure(estimator, job.series)
    estimator.reconstruction_report_ = _reconstruction.report(
        restore(estimator), job.recorded, job.series, train_lengths, measured
    )
    if trained.is_poor:
        estimator.reconstruction_report_["reasons"].append(
            f"it scores {trained.result.score:.2g} against the rows set aside, and stretches "
            f"of the training rows {trained.floor:.2g} (lower is better)"
        )


def _store_settings(estimator: "ChaoticRNNRegressor", job: Job) -> None:
    plan = job.plan
    estimator.cell_, estimator.n_hidden_ = estimator.cell, plan.n_hidden
    estimator.n_rectified_ = plan.n_rectified
    estimator.state_inference_, estimator.dt_ = estimator.state_inference, float(estimator.dt)
    estimator.forcing_interval_ = plan.forcing_interval
    estimator.lyapunov_exponent_ = plan.lyapunov_exponent
    estimator.predictability_time_ = plan.predictability_time
    estimator.n_delays_, estimator.delay_ = plan.n_delays, plan.delay
    estimator.n_context_, estimator.closed_loop_ = job.n_context, plan.is_closed


def _store_rows(estimator: "ChaoticRNNRegressor", job: Job) -> None:
    series = job.recorded
    estimator.noise_level_ = job.series.noise_level
    estimator.noise_filter_ = {} if job.filter is None else job.filter.pack()
    estimator.input_columns_ = at = series.input_columns
    ranges = zip(extremes(series.rows), extremes(series.inputs), strict=True)
    low, high = (joined(*limits, at) for limits in ranges)
    if estimator.warm_start and hasattr(estimator, "data_min_"):  # what it saw before counts too
        low, high = np.minimum(low, estimator.data_min_), np.maximum(high, estimator.data_max_)
    estimator.data_min_, estimator.data_max_ = low, high
    estimator.mean_ = joined(series.scaling.mean, series.input_scaling.mean, at)
    estimator.scale_ = joined(series.scaling.scale, series.input_scaling.scale, at)
    estimator.target_mean_ = series.target_scaling.mean
    estimator.target_scale_ = series.target_scaling.scale
    estimator.target_ndim_ = series.target_ndim
    estimator.context_ = series.given(slice(-min(estimator.n_context_, series.lengths[-1]), None))
    estimator.column_names_ = series.columns
    estimator.time_index_ = series.index.pack()


def _store_training(estimator: "ChaoticRNNRegressor", trained: Trained) -> None:
    result = trained.result
    estimator.n_init_, estimator.validation_floor_ = trained.n_init, trained.floor
    estimator.loss_curve_ = np.array(result.loss_curve)
    estimator.validation_scores_ = np.array(result.validation_scores)
    estimator.validation_score_ = result.score if result.validation_scores else np.nan
    estimator.n_iter_ = result.n_iter
    estimator.stopped_ = "interrupted" if trained.interrupted else result.stopped
    for name in getattr(estimator, "weight_names_", ()):  # of another cell, perhaps
        vars(estimator).pop(attribute_of(name), None)
    estimator.weight_names_ = np.array(list(result.weights))
    for name, weight in result.weights.items():
        setattr(estimator, attribute_of(name), weight.cpu().numpy())


def _store_noise(estimator: "ChaoticRNNRegressor", job: Job) -> None:
    """Keep what the trained network does not foresee, where free runs carry it."""
    estimator.innovations_ = np.empty((0, job.series.n_features))
    estimator.process_noise_ = np.zeros(job.series.n_features)
    if job.plan.is_noise_driven:
        rows = innovation_rows(job.series, job.plan)
        estimator.innovations_ = restore(estimator).innovations(*rows)
        estimator.process_noise_ = estimator.innovations_.std(axis=0)


def _warn(estimator: "ChaoticRNNRegressor", trained: Trained) -> None:
    result = trained.result
    if result.n_setbacks:
        warn(
            f"The training loss was not finite {result.n_setbacks} time(s); training went back "
            "to the last good state with half the learning rate each time"
            + (" and then gave up. " if result.stopped == "diverged" else ". ")
            + f"Try learning_rate below {estimator.learning_rate:g} or a shorter forcing_interval "
            f"than {estimator.forcing_interval_}.",
            DivergenceWarning,
        )
    if reasons := estimator.reconstruction_report_["reasons"]:
        warn(
            f"Free runs of the fitted model are not to be trusted: {'; '.join(reasons)}. It "
            "may predict the next rows all the same. Look at a long forecast; try more rows, "
            f"longer trajectories, a larger max_iter than {estimator.max_iter}, or n_init than "
            f"{estimator.n_init}.",
            PoorFitWarning,
        )
    if trained.interrupted:
        warn(
            "Training was interrupted; the estimator is fitted with the best state so far, "
            f"after {result.n_iter} of {estimator.max_iter} updates. Set warm_start=True to go on "
            "from it.",
            InterruptedWarning,
        )
