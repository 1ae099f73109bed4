"""Time scales of a series, in rows: its mean period, its memory, and a delay to embed it with.

All functions take standardised rows (n_samples, n_columns) and their trajectory numbers, as
`_rows` makes them.
"""

import numpy as np

from skchaos.neighbors._rows import segment_bounds

N_BINS = 16
# Mutual information costs one histogram a lag and column: this many rows are enough for 256 cells.
MAX_HISTOGRAM_ROWS = 20_000
MAX_LAG = 300


def mean_period(X, segments):
    r"""Return the mean period of a series, in rows.

    The reciprocal of the mean frequency of the power spectrum, :math:`\sum P / \sum f P`, with the
    spectra of all columns added (Rosenstein, Collins & De Luca 1993, section 3). It counts no
    crossings, so a few percent of noise hardly move it. A map, which has no oscillation to speak
    of, gives 2 to 5; a series without three consecutive rows that vary gives 2, the shortest
    period that rows can show.
    """
    power, moment = 0.0, 0.0
    for start, stop in segment_bounds(segments):
        rows = X[start:stop] - X[start:stop].mean(axis=0)
        spectrum = (np.abs(np.fft.rfft(rows, axis=0)) ** 2).sum(axis=1) / len(rows)
        power += spectrum.sum()
        moment += (np.fft.rfftfreq(len(rows)) * spectrum).sum()
    return max(float(power / moment), 2.0) if moment > 0 else 2.0


def autocorrelation_time(x, segments):
    """Return the first lag at which the autocorrelation of one column is below 1/e.

    The length of the longest trajectory where there is none.
    """
    bounds = segment_bounds(segments)
    longest = max(stop - start for start, stop in bounds)
    products, counts = np.zeros(longest), np.zeros(longest)
    for start, stop in bounds:
        length = stop - start
        spectrum = np.abs(np.fft.rfft(x[start:stop] - x.mean(), 2 * length)) ** 2
        products[:length] += np.fft.irfft(spectrum, 2 * length)[:length]
        counts[:length] += np.arange(length, 0, -1)
    below = np.flatnonzero(products / counts < products[0] / counts[0] / np.e)
    return int(below[0]) if len(below) else longest


def mutual_information(x, segments, lags):
    """Return the mutual information of one column with its own past at some lags, in nats.

    From a 16 x 16 histogram of ranks, which makes it independent of the values' distribution
    (Fraser & Swinney 1986, Phys. Rev. A 33, 1134). 0 where no two rows are that far apart.
    """
    ranks = np.empty(len(x), dtype=np.intp)
    ranks[np.argsort(x, kind="stable")] = np.arange(len(x)) * N_BINS // len(x)
    information = np.zeros(len(lags))
    for i, lag in enumerate(lags):
        same = segments[lag:] == segments[: len(x) - lag]
        if not same.any():
            continue
        cells = (ranks[: len(x) - lag] * N_BINS + ranks[lag:])[same]
        joint = np.bincount(cells, minlength=N_BINS**2).reshape(N_BINS, N_BINS) / len(cells)
        independent = np.outer(joint.sum(axis=1), joint.sum(axis=0))
        filled = joint > 0
        information[i] = (joint[filled] * np.log(joint[filled] / independent[filled])).sum()
    return information


def embedding_delay(X, segments, period):
    """Return a delay for windows of rows: the first minimum of the mutual information.

    The median over the columns. Where a column's information has no minimum before twice its
    autocorrelation time (slow decay, or a map whose information is gone after a few rows), that
    time takes its place. Never less than a twelfth of the period (the information of a relaxation
    oscillation has minima everywhere), and never more than a fortieth of the longest trajectory, so
    that windows leave rows to compare.
    """
    longest = max(stop - start for start, stop in segment_bounds(segments))
    limit = max(1, longest // 40)
    rows, kept = X[-MAX_HISTOGRAM_ROWS:], segments[-MAX_HISTOGRAM_ROWS:]
    max_lag = int(min(2 * period + 4, MAX_LAG, longest // 3, len(rows) - 1))
    delays = []
    for i in range(X.shape[1]):
        memory = max(1, autocorrelation_time(X[:, i], segments))
        lags = np.arange(1, max(2, min(max_lag, 3 * memory)) + 1)
        first = _first_minimum(mutual_information(rows[:, i], kept, lags[lags < len(rows)]))
        delays.append(memory if first is None or first > 2 * memory else first)
    delay = max(1, round(float(np.median(delays))), round(period / 12))
    return int(min(delay, limit))


def _first_minimum(information):
    """Return the first lag whose information no lag up to a quarter further goes below."""
    for i, value in enumerate(information[:-1]):
        ahead = information[i + 1 : i + 1 + max(2, (i + 1) // 4)]
        if value <= ahead.min():
            return i + 1
    return None
