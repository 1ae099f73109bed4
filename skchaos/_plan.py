"""What a fit will do, settled before it starts: window, forcing interval, rows set aside.

Everything here is measured on the training rows alone, never on those set aside (but for the mean
and standard deviation by which columns are scaled, which are those of all rows).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from skchaos._mapped import is_mapped
from skchaos._series import FEW_ROWS, Series
from skchaos._warn import warn
from skchaos.exceptions import NotChaoticWarning
from skchaos.exponents import MeasuredExponents, lyapunov_exponents
from skchaos.exponents._choice import HIGH_DIMENSIONAL, shortest_window
from skchaos.exponents._scaled import Scaled
from skchaos.exponents._verdict import REGULAR

if TYPE_CHECKING:
    from skchaos._regressor import ChaoticRNNRegressor

# Error of the best local prediction, in standard deviations, from which rows count as noisy.
NOISY_PREDICTION_ERROR = 0.02
# Many rows close together average noise away and still show the derivatives that one row hides.
# Where there is no noise and a row is the state, they only blur it, the more so the more columns
# there are (benchmarks/reconstruction/sweep.py, "window").
WINDOW_ROWS = 20
WINDOW_STEPS_PER_PERIOD = 100  # rows closer than this to one another say the same
# Where one row is not the state: so many rows, over so many times the span that showed it best to
# the measurement of the exponent (benchmarks/reconstruction/sweep.py, "window").
LONG_WINDOW_ROWS, SPANS_OF_STATE = 40, 2
MAX_AUTO_INTERVAL = 100  # steps; beyond it weak chaos would pay with time and ill-conditioned fits
# Steps. Over fewer, or where a mean period has but few rows over somewhat more, a state that is
# carried on has no time to settle, and what it is after the interval was never trained: data then
# replace it at every step, and free runs close the loop (benchmarks/reconstruction/closing.py).
LEAST_CARRIED, LEAST_CARRIED_COARSELY, FEW_ROWS_A_PERIOD = 5, 20, 25
FALLBACK_INTERVAL = 30  # steps, where there is no exponent: the paper's most frequent optimum
# Of a series that noise drives: as much as its one-step predictions are off, but no more than what
# leaves the dynamics to be seen (benchmarks/process_noise.py).
MAX_WINDOW_NOISE = 0.1
PAPER_SEQUENCE_LENGTH = 100  # steps, Mikhaeil et al. 2022, supplement
# Rows that the exponent is measured on, at most: a second or two of a fit that takes minutes.
# Many columns take longer.
MAX_MEASURED_ROWS, MAX_WIDE_ROWS, N_STRETCHES = 20_000, 8_000, 8
MIN_HELD_OUT = 100  # rows; a histogram of fewer says nothing, and then none are set aside
MAX_HELD_OUT = 200_000  # rows; free runs that are compared with them are no longer either
MIN_MIXED = 3  # intervals in a sequence where they are of different lengths
MIN_SEGMENTS = 10  # forcing intervals that the rows must hold for an automatic one


@dataclass(frozen=True)
class Plan:
    """Settings of one fit.

    Attributes
    ----------
    n_delays, delay : int
        Window from which states are inferred: rows, and steps between them.
    forcing_interval, sequence_length : int
        Steps.
    lyapunov_exponent : float
        Measured on the training rows, in 1 / unit of dt; 0 where they are regular, nan where they
        show none.
    train_lengths : list of int
        Leading rows of each trajectory that are trained on; the rest is set aside.
    n_hidden : int
        Hidden units.
    n_rectified : int
        Rectifiers of the cell; 0 where it leaves no choice.
    is_closed : bool
        Whether each step of a free run begins from a state inferred from the rows before it.
    is_noise_driven : bool
        Whether free runs carry the noise of one-step predictions.
    window_noise : float
        Standard deviation of fresh noise on the rows that states are inferred from.
    """

    n_delays: int
    delay: int
    forcing_interval: int
    sequence_length: int
    lyapunov_exponent: float
    train_lengths: list[int]
    n_hidden: int
    n_rectified: int
    is_closed: bool
    is_noise_driven: bool
    window_noise: float

    @property
    def span(self) -> int:
        """Steps from the first to the last row of a window."""
        return (self.n_delays - 1) * self.delay

    @property
    def offsets(self) -> np.ndarray:
        """Rows of a window relative to its last one."""
        return np.arange(self.n_delays) * self.delay - self.span

    @property
    def kept(self) -> np.ndarray:
        """Rows, relative to the last one, that a forecast is to know: of a window, or up to it."""
        return np.arange(-self.span, 1) if self.is_closed else self.offsets

    @property
    def predictability_time(self) -> float:
        """Time ln 2 / exponent, in the unit of dt."""
        return predictability_time(self.lyapunov_exponent)


def measure_rows(
    take: Callable[[np.ndarray], np.ndarray], n_features: int, lengths: list[int], dt: float
) -> MeasuredExponents:
    """Measure the largest exponent within a budget: of long series on stretches spread over them.

    Evenly spread stretches see all parts of the series alike, and each is long enough for tangent
    vectors to align.

    Parameters
    ----------
    take : callable
        From numbers of rows to rows.
    n_features : int
        Columns.
    lengths : list of int
        Rows of each trajectory.
    dt : float
        Sampling interval.
    """
    most = MAX_WIDE_ROWS if n_features > HIGH_DIMENSIONAL else MAX_MEASURED_ROWS
    ends = np.cumsum(lengths)
    numbers, stretches = np.arange(min(most, ends[-1])), np.array(0)
    if ends[-1] > most:
        n_rows = most // N_STRETCHES
        starts = np.linspace(0, ends[-1] - n_rows, N_STRETCHES).astype(int)
        numbers = (starts[:, None] + np.arange(n_rows)).ravel()
        stretches = np.repeat(np.arange(N_STRETCHES), n_rows)
    groups = stretches * len(lengths) + np.searchsorted(ends, numbers, side="right")
    return lyapunov_exponents(take(numbers), dt=dt, n_exponents=1, groups=groups)


def usable_exponent(measured: MeasuredExponents) -> float:
    """Return the exponent, also where it is uncertain, but 0 where the rows are regular.

    A forcing interval from an uncertain exponent is a better guess than one from none. Only of
    noisy rows an exponent that is smaller than its own error is none, nan.
    """
    if measured.regime in REGULAR:
        return 0.0
    is_lost = is_noisy(measured) and measured.lambda_max < measured.standard_errors[0]
    return math.nan if is_lost else measured.lambda_max


def predictability_time(exponent: float) -> float:
    """Return ln 2 / exponent: inf where it is not positive, nan where it is nan."""
    if math.isnan(exponent):
        return math.nan
    return math.log(2) / exponent if exponent > 0 else math.inf


def measure(settings: "ChaoticRNNRegressor", series: Series) -> tuple[list[int], MeasuredExponents]:
    """Return leading rows of each trajectory to train on, and what was measured on them."""
    train_lengths = [_n_train(settings, length) for length in series.lengths]
    known = (settings.dt, *train_lengths)
    if known not in series.measured:
        take = _training_rows(series, train_lengths)
        n_features = series.n_features
        series.measured[known] = measure_rows(take, n_features, train_lengths, settings.dt)
    return train_lengths, series.measured[known]


def make_plan(
    settings: "ChaoticRNNRegressor",
    series: Series,
    n_hidden: int,
    n_rectified: int,
) -> Plan:
    """Settle what `settings` leave open, on the training rows of `series`.

    Raises
    ------
    ValueError
        If the settings need more rows than there are.
    """
    train_lengths, measured = measure(settings, series)
    longest = max(train_lengths)
    if math.isnan(measured.mean_period):
        raise ValueError(
            f"The rows to train on, the first {train_lengths} of the trajectories, do not move, "
            "though those after them do. A constant has no dynamics to learn: leave such rows out, "
            "or set early_stopping=False, which trains on all."
        )
    n_delays, delay = settings.n_delays, settings.delay
    is_taken = bool(np.any(series.noise_level))
    if settings.state_inference == "identity" and n_hidden == series.n_features:
        n_delays = 1 if n_delays == "auto" else n_delays  # there are no other units to begin
    is_driven = is_noise_driven(settings.process_noise, measured)
    closes = closes_loop(settings, measured, is_driven)
    if settings.state_inference != "pseudo_inverse":
        is_clean = not (is_taken or is_noisy(measured))
        wants_few = sum(series.lengths) < FEW_ROWS or (closes and _jump(measured))
        may_be_told = is_clean and wants_few and n_delays == "auto" and delay in ("auto", 1)
        if may_be_told and (few := _told_by(series, train_lengths)):
            n_delays, delay = few, 1
        n_delays, delay = _window(n_delays, delay, measured, is_clean, longest)
    else:
        n_delays, delay = _one_row(n_delays)
    room = longest - (n_delays - 1) * delay - 1
    interval = _interval(settings, measured, room, closes)
    sequence_length = _sequence_length(settings, interval, room)
    if is_driven and settings.process_noise == "auto":
        warn(
            f"The training rows show noise that drives them rather than chaos ({measured.reason}); "
            "process_noise='auto' takes them so: the model learns one step, and a forecast is one "
            "random run of many. Set process_noise=True to say so yourself, which silences this, "
            f"or process_noise=False for deterministic dynamics.{_beside(settings, series)}",
            NotChaoticWarning,
        )
    return Plan(
        n_delays=n_delays,
        delay=delay,
        forcing_interval=interval,
        sequence_length=sequence_length,
        lyapunov_exponent=usable_exponent(measured),
        train_lengths=train_lengths,
        n_hidden=n_hidden,
        n_rectified=n_rectified,
        is_closed=is_driven or (interval == 1 and _is_replaced(settings)),
        is_noise_driven=is_driven,
        window_noise=_window_noise(measured, series) if is_driven else 0.0,
    )


def _beside(settings: "ChaoticRNNRegressor", series: Series) -> str:
    """Return what else to say where noise is taken to drive the rows."""
    said = ""
    if len(series.input_columns):
        said += (
            " The inputs were not considered: if they explain it, set process_noise=False and a "
            "forcing_interval."
        )
    if settings.forcing == "generalized":
        said += " forcing='generalized' then has no part in training."
    return said


def _n_train(settings: "ChaoticRNNRegressor", length: int) -> int:
    n_held_out = min(math.floor(settings.validation_fraction * length), MAX_HELD_OUT)
    too_few = min(n_held_out, length - n_held_out) < MIN_HELD_OUT
    if not settings.early_stopping or too_few:
        return length
    return length - n_held_out


def _training_rows(series: Series, train_lengths: list[int]) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function from numbers of rows, counted over those to train on, to these rows."""
    ends = np.cumsum(train_lengths)
    left_out = np.cumsum([0, *series.lengths[:-1]]) - (ends - train_lengths)

    def take(numbers: np.ndarray) -> np.ndarray:
        return series.scaled(numbers + left_out[np.searchsorted(ends, numbers, side="right")])

    return take


def _one_row(n_delays: int | Literal["auto"]) -> tuple[int, int]:
    if n_delays not in ("auto", 1):
        raise ValueError(
            f"n_delays={n_delays} with state_inference='pseudo_inverse', which infers the state "
            "from one row: use n_delays=1 or 'auto', or state_inference='window'."
        )
    return 1, 1


def _window(
    n_delays: int | Literal["auto"],
    delay: int | Literal["auto"],
    measured: MeasuredExponents,
    is_clean: bool,
    longest: int,
) -> tuple[int, int]:
    rows, steps = WINDOW_ROWS, max(1, round(measured.mean_period / WINDOW_STEPS_PER_PERIOD))
    if usable_exponent(measured) > 0:
        wanted = SPANS_OF_STATE * (measured.n_delays - 1) * measured.delay
        if wanted > (rows - 1) * steps:
            rows, steps = LONG_WINDOW_ROWS, max(1, round(wanted / LONG_WINDOW_ROWS))
        elif wanted == 0 and is_clean:
            rows = 1
    if delay == "auto":
        delay = steps
    if n_delays == "auto":  # at least three quarters of the rows are left to learn from
        n_delays = max(1, min(rows, longest // (4 * delay)))
    span = (n_delays - 1) * delay
    if span + 2 > longest:
        raise ValueError(
            f"A window of n_delays={n_delays} rows, delay={delay} steps apart, spans {span + 1} "
            f"rows; with the step after it {span + 2} rows are needed and the longest training "
            f"trajectory has {longest}. Use a smaller n_delays or delay, or give more rows."
        )
    return n_delays, delay


def is_noise_driven(process_noise: bool | Literal["auto"], measured: MeasuredExponents) -> bool:
    """Tell whether a free run must carry noise.

    Where the rows show neither chaos nor order, and were enough to see that the next row is not in
    those before it, unless one says otherwise.
    """
    if process_noise != "auto":
        return process_noise
    is_neither = measured.regime in ("noise", "undecided") and math.isnan(usable_exponent(measured))
    return is_neither and is_noisy(measured)


def is_noisy(measured: MeasuredExponents) -> bool:
    """Tell whether the next row is not in those before it, as far as the rows could tell."""
    return bool(measured.prediction_error > NOISY_PREDICTION_ERROR)  # not so where it is nan


def _window_noise(measured: MeasuredExponents, series: Series) -> float:
    if is_mapped(series.rows):  # noisy copies of which memory is not to hold
        return 0.0
    level = measured.noise_level
    return MAX_WINDOW_NOISE if math.isnan(level) else min(level, MAX_WINDOW_NOISE)


def _interval(
    settings: "ChaoticRNNRegressor",
    measured: MeasuredExponents,
    room: int,
    closes: bool,
) -> int:
    if settings.forcing_interval != "auto":
        if settings.forcing_interval > room:
            raise ValueError(
                f"forcing_interval={settings.forcing_interval} steps is beyond the training rows: "
                f"after the window they leave {room} step(s). Use an interval from 1 to {room}, "
                "or give more rows."
            )
        return settings.forcing_interval
    if closes:
        return 1
    limit = max(1, min(MAX_AUTO_INTERVAL, room // MIN_SEGMENTS))
    if usable_exponent(measured) > 0:
        # The time itself (benchmarks/reconstruction/sweep.py, interval_fraction, noisy_fraction):
        # longer intervals teach slow motions, such as the phase of a drive; but errors that start
        # at the level of noise have grown large by their end, and there the middle of all orbits
        # is a cheaper answer.
        steps = predictability_time(usable_exponent(measured)) / settings.dt
        return max(1, min(round(steps), limit))
    interval = min(FALLBACK_INTERVAL, limit)
    if settings.forcing == "generalized":  # of which no step hangs on the interval
        return interval
    warn(
        f"The training rows show no positive Lyapunov exponent ({measured.reason}); "
        f"forcing_interval='auto' falls back to {interval} steps. Set forcing_interval, or "
        "search over skchaos.model_selection.forcing_interval_grid(X).",
        NotChaoticWarning,
    )
    return interval


def closes_loop(
    settings: "ChaoticRNNRegressor", measured: MeasuredExponents, is_driven: bool
) -> bool:
    """Tell whether a state is to be inferred anew before every step."""
    if is_driven or not _is_replaced(settings):
        return is_driven
    if settings.forcing_interval != "auto":
        return settings.forcing_interval == 1
    return _jump(measured)


def _jump(measured: MeasuredExponents) -> bool:
    """Tell whether rows jump, so that errors double within a few."""
    steps = predictability_time(usable_exponent(measured)) / measured.dt
    is_coarse = measured.mean_period < FEW_ROWS_A_PERIOD
    return steps < (LEAST_CARRIED_COARSELY if is_coarse else LEAST_CARRIED)  # not so where nan


def _is_replaced(settings: "ChaoticRNNRegressor") -> bool:
    """Tell whether a state of nothing but data takes the place of the old one altogether."""
    is_sparse = settings.forcing == "sparse" and settings.interval_jitter == 0
    return is_sparse and settings.state_inference == "window"


def _told_by(series: Series, train_lengths: list[int]) -> int | None:
    """Return how few rows tell the next, on the first of those to train on; None if no few do."""
    known = ("told", *train_lengths)
    if known not in series.measured:
        longest = int(np.argmax(train_lengths))
        first = sum(series.lengths[:longest])
        n_rows = min(train_lengths[longest], MAX_WIDE_ROWS)
        rows = series.scaled(slice(first, first + n_rows))
        scaled = Scaled.of(rows, np.zeros(n_rows, dtype=int))
        series.measured[known] = None if scaled is None else shortest_window(scaled, 0)
    return series.measured[known]


def _sequence_length(settings: "ChaoticRNNRegressor", interval: int, room: int) -> int:
    if settings.sequence_length == "auto":
        n_intervals = math.ceil(PAPER_SEQUENCE_LENGTH / interval)
        # A mixture of intervals takes more than one or two.
        whole = interval * max(n_intervals, MIN_MIXED if settings.interval_jitter > 0 else 1)
        return min(whole, room)
    if settings.sequence_length > room:
        raise ValueError(
            f"sequence_length={settings.sequence_length} steps is beyond the training rows: after "
            f"the window they leave {room} step(s). Use 'auto' or a length from 1 to {room}."
        )
    if settings.interval_jitter > 0 and settings.sequence_length < 2 * interval:
        raise ValueError(
            f"sequence_length={settings.sequence_length} holds no mixture of intervals of about "
            f"{interval} steps: use 'auto', {2 * interval} or more, or interval_jitter=0."
        )
    return settings.sequence_length
