"""Judge forecasters on held-out rows: forecast skill from many starts, and one long free run."""

import warnings
from dataclasses import dataclass, replace

import numpy as np

from skchaos.exceptions import DivergenceWarning
from skchaos.metrics import (
    power_spectrum_distance,
    state_space_divergence,
    valid_prediction_time,
)

THRESHOLD = 0.4  # on the NRMSE, as in valid_prediction_time
MAX_STARTS = 100
MIN_HORIZON, MAX_HORIZON = 20, 1000  # steps of a forecast; 1000 are nine Lyapunov times of Lorenz
FREE_STEPS = 20_000  # of the long free run; a slow collapse has shown by then
_FARTHEST_SD = 1e3  # where a diverged forecast is held, so that its error stays a number


@dataclass(frozen=True)
class HeldOut:
    """The rows that all forecasters are judged on, and where the forecasts start.

    Attributes
    ----------
    rows : ndarray of shape (n_rows, n_features)
        The whole series.
    n_train : int
        Leading rows that were trained on.
    starts : ndarray of shape (n_starts,)
        Number of rows known at each start.
    n_steps : int
        Length of the forecasts.
    """

    rows: np.ndarray
    n_train: int
    starts: np.ndarray
    n_steps: int

    @classmethod
    def of(cls, rows, n_train, lyapunov_steps):
        """Spread starts evenly over the rows after the first `n_train`.

        Parameters
        ----------
        rows : ndarray of shape (n_rows, n_features)
            The whole series.
        n_train : int
            Rows trained on.
        lyapunov_steps : float
            Lyapunov time 1 / lambda in steps; inf or nan where there is none.

        Returns
        -------
        HeldOut
            With forecasts of ten Lyapunov times, at most half of the held-out rows.
        """
        n_steps = (len(rows) - n_train) // 2
        if np.isfinite(lyapunov_steps):
            n_steps = min(n_steps, max(MIN_HORIZON, round(10 * lyapunov_steps)))
        n_steps = min(n_steps, MAX_HORIZON)
        starts = np.linspace(n_train, len(rows) - n_steps, MAX_STARTS).astype(int)
        return cls(rows, n_train, np.unique(starts), n_steps)

    @property
    def training_rows(self):
        """Rows trained on."""
        return self.rows[: self.n_train]

    @property
    def test_rows(self):
        """Rows held out."""
        return self.rows[self.n_train :]

    @property
    def truth(self):
        """What followed each start: (n_starts, n_steps, n_features)."""
        return self.rows[self.starts[:, None] + np.arange(self.n_steps)]

    @property
    def scale(self):
        """Standard deviation of each column over the training rows."""
        return self.training_rows.std(axis=0)

    def contexts(self, n_context):
        """Return the rows before each start: (n_starts, n_context, n_features)."""
        return self.rows[self.starts[:, None] + np.arange(-n_context, 0)]


@dataclass(frozen=True)
class Score:
    """How one forecaster did; fields are None where there is nothing to say.

    Attributes
    ----------
    name : str
        Row of the table.
    note : str
        Why the rest is missing.
    valid_steps : ndarray of shape (n_starts,)
        Valid prediction time of each start, in steps.
    forecasts : ndarray of shape (n_starts, n_steps, n_features)
        From each start.
    run : ndarray of shape (FREE_STEPS, n_features)
        Free run from the end of the training rows.
    divergence, spectrum_distance : float
        D_stsp and D_H between the held-out rows and the free run; None if it diverges.
    end_sd : float
        Standard deviation over the last tenth of the free run, in that of the training rows; the
        least of all columns.
    seconds : float
        Time of the fit.
    """

    name: str
    note: str = ""
    valid_steps: np.ndarray | None = None
    forecasts: np.ndarray | None = None
    run: np.ndarray | None = None
    divergence: float | None = None
    spectrum_distance: float | None = None
    end_sd: float | None = None
    seconds: float | None = None

    @property
    def diverges(self):
        """Whether the free run left the range of numbers."""
        return self.run is not None and not np.isfinite(self.run).all()


def judge(name, forecaster, held_out, seconds):
    """Score a fitted forecaster on held-out rows.

    Parameters
    ----------
    name : str
        Row of the table.
    forecaster : estimator with `forecast` and `n_context_`
        Fitted on the training rows.
    held_out : HeldOut
        What to judge it on.
    seconds : float
        Time of the fit.

    Returns
    -------
    Score
        All that the report shows.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DivergenceWarning)  # the table says so
        contexts = held_out.contexts(forecaster.n_context_)
        forecasts = forecaster.forecast(held_out.n_steps, X=contexts)
        run = forecaster.forecast(FREE_STEPS, X=held_out.training_rows[None])[0]
    valid_steps = valid_prediction_time(
        held_out.truth,
        _held(forecasts, held_out),
        threshold=THRESHOLD,
        scale=held_out.scale,
        average=None,
    )
    score = Score(name, valid_steps=valid_steps, forecasts=forecasts, run=run, seconds=seconds)
    if score.diverges:
        return score
    last = run[-FREE_STEPS // 10 :]
    return replace(
        score,
        **_invariants(held_out.test_rows, run),
        end_sd=float(min(last.std(0) / held_out.scale)),
    )


def floors(held_out, noise_level):
    """Score the data against themselves: no model can be expected to do much better.

    Parameters
    ----------
    held_out : HeldOut
        What forecasters are judged on.
    noise_level : ndarray of shape (n_features,)
        Noise of the rows, in standard deviations.

    Returns
    -------
    list of Score
        What forecasts without any error would score on rows with that noise, if it makes forecasts
        end; the training rows as if they were a free run; and the two halves of the series.
    """
    half = len(held_out.rows) // 2
    pairs = {
        "floor: training rows": (held_out.test_rows, held_out.training_rows),
        "floor: half against half": (held_out.rows[:half], held_out.rows[half:]),
    }
    found = [Score(name, **_invariants(*pair)) for name, pair in pairs.items()]
    noise = np.random.default_rng(0).standard_normal(held_out.truth.shape)
    noise *= noise_level * held_out.scale
    valid_steps = valid_prediction_time(
        held_out.truth,
        held_out.truth + noise,
        threshold=THRESHOLD,
        scale=held_out.scale,
        average=None,
    )
    if np.median(valid_steps) < held_out.n_steps:
        found.insert(0, Score("ceiling: noise of the rows", valid_steps=valid_steps))
    return found


def _invariants(true_rows, rows):
    return {
        "divergence": state_space_divergence(true_rows, rows, random_state=0),
        "spectrum_distance": power_spectrum_distance(true_rows, rows),
    }


def _held(forecasts, held_out):
    """Return forecasts that are finite, and at most `_FARTHEST_SD` from the mean."""
    center, reach = held_out.training_rows.mean(axis=0), _FARTHEST_SD * held_out.scale
    forecasts = np.where(np.isfinite(forecasts), forecasts, center + reach)
    return np.clip(forecasts, center - reach, center + reach)
