"""Rows whose exponent is undecided, and models of them that die: a second look.

The exponent of few or noisy rows may be positive and yet no more than its own error. They are first
taken for deterministic, as short stretches of chaos look like that too. But a free run that ends on
a fixed point or a cycle, where the rows go on, speaks for the other reading: that noise drives them
(benchmarks/undecided.py).
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from sklearn.base import clone

from skchaos import _fit
from skchaos._fit import Job, Trained
from skchaos._plan import is_noisy, measure
from skchaos._prepare import settle
from skchaos._warn import warn
from skchaos.exceptions import NotChaoticWarning


def train_jobs(jobs: Sequence[Job]) -> list[tuple[Job, Trained]]:
    """Train jobs of one shape; return what was trained in the end, and what came of it."""
    return [
        _look_again(job, trained) if _is_in_doubt(job, trained) else (job, trained)
        for job, trained in zip(jobs, _fit.train_models(jobs), strict=True)
    ]


def _is_in_doubt(job: Job, trained: Trained) -> bool:
    """Tell whether a model died that nobody asked for, of rows that may be driven by noise."""
    settings = job.settings
    is_open = settings.process_noise == "auto" and settings.forcing_interval == "auto"
    if not is_open or job.start is not None or trained.interrupted:
        return False
    measured = measure(settings, job.series)[1]
    has_noise = is_noisy(measured) or bool(np.any(job.series.noise_level))
    return measured.regime == "undecided" and has_noise and _fit.ends(job, trained.result)


def _look_again(job: Job, first: Trained) -> tuple[Job, Trained]:
    """Train once more as if noise drove the rows; keep the first if that comes to nothing."""
    settings = clone(job.settings).set_params(process_noise=True)
    plan, series = settle(settings, job.recorded, goes_on=False)
    driven = replace(job, plan=plan, series=series, filter=None)
    [second] = _fit.train_models([driven])
    if second.result.n_iter == 0:
        return job, replace(first, interrupted=second.interrupted)
    measured = measure(job.settings, job.series)[1]
    warn(
        f"The exponent of the training rows is undecided ({measured.reason}), and free runs of the "
        "model came to an end, where the rows go on; process_noise='auto' then takes noise to "
        "drive them, and the model was trained once more: it learns one step, and a forecast is "
        "one random run of many. Set process_noise=True to say so yourself, which silences this, "
        "or process_noise=False for deterministic dynamics; if training was cut short by "
        f"max_iter={job.settings.max_iter}, raise that first.",
        NotChaoticWarning,
    )
    return driven, replace(second, n_init=first.n_init + second.n_init)
