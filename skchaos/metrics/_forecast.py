"""How well, and for how long, forecasts follow the truth point by point."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_scalar

from skchaos.metrics._validation import check_forecasts, check_option, check_varies, common_units


def valid_prediction_time(
    X_true,
    X_pred,
    *,
    dt=1.0,
    lyapunov_exponent=None,
    threshold=0.4,
    scale=None,
    average="median",
):
    """Compute how long forecasts stay close to the truth.

    The valid prediction time of one start is k `dt`, where the first k rows all have a normalised
    error of at most `threshold` and the next one has not. The normalised error (NRMSE) of a row is
    the root of the mean over columns of ((x_true - x_pred) / s)**2, with s the standard deviation
    of the column.

    Parameters
    ----------
    X_true : array-like of shape (n_steps, n_features) or (n_starts, n_steps, n_features)
        What followed each start; the first row is one step after it. Two dimensions are one start.
    X_pred : array-like of the same shape
        Forecasts.
    dt : float, default=1.0
        Sampling interval in your unit of time. 1.0 gives times in steps.
    lyapunov_exponent : float, default=None
        Largest Lyapunov exponent of the true system, in 1 / unit of `dt`. If given, the result is
        in Lyapunov times 1 / lambda, in which systems can be compared. Use the same exponent for
        all models.
    threshold : float, default=0.4
        Largest valid NRMSE. A threshold of .4 on the squared error, as some papers take it, is .632
        here; state it with the result.
    scale : float or array-like of shape (n_features,), default=None
        Standard deviation of each column on the attractor. None measures it over all rows of
        `X_true`; give it where these are too few to cover the attractor.
    average : {"median", "mean"} or None, default="median"
        What to return for several starts: their median, mean, or (None) every one.

    Returns
    -------
    float, or ndarray of shape (n_starts,) if `average` is None
        In the unit of `dt`, or in Lyapunov times. A start whose error never exceeds the threshold
        counts with n_steps * `dt`, which is then a lower bound: where the result equals it, make
        longer forecasts.

    Raises
    ------
    ValueError
        If the arrays are not finite or not of equal shape, a column of `X_true` is constant and no
        `scale` is given, or a parameter is out of its range.
    TypeError
        If a parameter is not of its type.

    References
    ----------
    .. [1] P. R. Vlachas et al., "Backpropagation algorithms and reservoir computing in recurrent
       neural networks for the forecasting of complex spatiotemporal dynamics", Neural Networks 126,
       2020.

    Examples
    --------
    >>> import numpy as np
    >>> from skchaos.metrics import valid_prediction_time
    >>> X_true = np.array([[1.0], [-1.0], [1.0], [-1.0]])  # standard deviation 1
    >>> X_pred = X_true + np.array([[0.1], [0.2], [0.5], [0.1]])
    >>> valid_prediction_time(X_true, X_pred, dt=0.5)
    1.0
    """
    _check_positive(dt, "dt")
    _check_positive(threshold, "threshold")
    if lyapunov_exponent is not None:
        _check_positive(lyapunov_exponent, "lyapunov_exponent")
    if average is not None:
        check_option(average, "average", ("median", "mean"))
    squares = _normalised_squares(X_true, X_pred, scale).mean(axis=2)
    exceeded = np.sqrt(squares) > threshold
    n_valid = np.where(exceeded.any(axis=1), exceeded.argmax(axis=1), exceeded.shape[1])
    times = n_valid * float(dt)
    if lyapunov_exponent is not None:
        times = times * float(lyapunov_exponent)
    if average is None:
        return times
    return float(np.median(times) if average == "median" else times.mean())


def prediction_error(X_true, X_pred, *, n_steps=None, scale=None):
    """Compute the normalised root mean square error of forecasts at a horizon.

    It is the root of the mean over starts and columns of ((x_true - x_pred) / s)**2 at `n_steps`
    steps after each start, with s the standard deviation of the column: 0 is exact, 1 is as good as
    the mean of the series, and two unrelated trajectories of one system are at the square root of
    2.

    Parameters
    ----------
    X_true : array-like of shape (n_steps, n_features) or (n_starts, n_steps, n_features)
        What followed each start; the first row is one step after it. Two dimensions are one start,
        whose error says little. For the one-step error of aligned rows, where each is a start of
        its own, pass `X_true[:, None]`.
    X_pred : array-like of the same shape
        Forecasts.
    n_steps : int, default=None
        Horizon in steps. None is the last step given.
    scale : float or array-like of shape (n_features,), default=None
        Standard deviation of each column on the attractor. None measures it over all rows of
        `X_true`, those before the horizon too.

    Returns
    -------
    float
        Error in standard deviations.

    Raises
    ------
    ValueError
        If the arrays are not finite or not of equal shape, `n_steps` is below 1 or beyond the rows,
        a column of `X_true` is constant and no `scale` is given, or `scale` is not positive.
    TypeError
        If a parameter is not of its type.

    Examples
    --------
    >>> import numpy as np
    >>> from skchaos.metrics import prediction_error
    >>> X_true = np.array([[[1.0], [-1.0]], [[-1.0], [1.0]]])  # two starts, two steps each
    >>> prediction_error(X_true, 0 * X_true, n_steps=1)
    1.0
    """
    if n_steps is not None:
        check_scalar(n_steps, "n_steps", Integral, min_val=1)
    squares = _normalised_squares(X_true, X_pred, scale)
    n_given = squares.shape[1]
    if n_steps is not None and n_steps > n_given:
        raise ValueError(
            f"n_steps={n_steps} is beyond the {n_given} step(s) given; forecast at least so far."
        )
    at_horizon = squares[:, (n_given if n_steps is None else n_steps) - 1]
    return float(np.sqrt(at_horizon.mean()))


def _check_positive(value, name):
    check_scalar(value, name, Real, min_val=0, include_boundaries="neither")
    if not np.isfinite(value):
        raise ValueError(f"{name}={value} must be finite and positive.")


def _normalised_squares(
    X_true,  # (start, step, feature), or without start
    X_pred,
    scale,
):  # (start, step, feature)
    X_true, X_pred = check_forecasts(X_true, X_pred)
    n_features = X_true.shape[2]
    if scale is None:
        check_varies(X_true.reshape(-1, n_features), remedy="give scale=, or more rows")
    else:
        scale = _check_scale(scale, n_features)
    X_true, X_pred, exponents = common_units(X_true, X_pred)
    scale = X_true.std(axis=(0, 1)) if scale is None else np.ldexp(scale, -exponents)
    return ((X_true - X_pred) / scale) ** 2


def _check_scale(scale, n_features):
    scale = np.asarray(scale, dtype=float)
    if scale.shape not in ((), (n_features,)):
        raise ValueError(f"scale has shape {scale.shape}; it must be a number or ({n_features},).")
    if not (np.isfinite(scale).all() and (scale > 0).all()):
        raise ValueError(f"scale={scale.tolist()} must be finite and positive in every column.")
    return np.broadcast_to(scale, (n_features,))
