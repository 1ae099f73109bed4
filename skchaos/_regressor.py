"""ChaoticRNNRegressor: the scikit-learn shell of the core."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import check_random_state

from skchaos._forecaster import ForecasterMixin
from skchaos._range import FAR_INPUTS, FAR_ROWS, warn_of_extrapolation
from skchaos._series import Scaling, joined
from skchaos._sklearn import Interval, StrOptions, check_is_fitted, fit_method
from skchaos._warn import warn
from skchaos.exceptions import DivergenceWarning

_CELLS = {
    *("al_rnn", "clipped_shallow_plrnn", "dendritic_plrnn", "elman", "gru", "lstm", "plrnn"),
    "shallow_plrnn",
}
_AUTO_OR_COUNT = [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")]


class ChaoticRNNRegressor(ForecasterMixin, RegressorMixin, BaseEstimator):
    """Recurrent network trained on a chaotic series by sparse teacher forcing.

    Rows of `X` are consecutive time steps. The network carries a latent state z, x(t) = B h(t) + b
    reads the hidden part h of it out, and z(t + 1) = F(z(t)) moves it on, without any input but
    `input_columns`. On chaotic data the gradient of a free run's loss grows at the rate of the
    largest Lyapunov exponent, whatever the architecture. So every `forcing_interval` steps of
    training the state is replaced by one inferred from recent rows, at an interval near the
    predictability time ln 2 / lambda_max, which is measured on the training rows [1]_.

    Parameters
    ----------
    cell : {"lstm", "gru", "elman", "plrnn", "shallow_plrnn", "clipped_shallow_plrnn", \
            "dendritic_plrnn", "al_rnn"}, default="lstm"
        Recurrent cell F. Those after "elman" are piecewise linear, to be analysed afterwards
        (:ref:`cells`).
    n_hidden : int or "auto", default="auto"
        Number of hidden units. "auto" is 50, and 20 for fewer than 2,000 rows; or five times the
        columns where that is more, up to 200; at least as many as there are columns.
    input_columns : label or list of labels, default=None
        Columns of `X` that drive the others and are known beforehand: a tide, a stimulus, the hour
        of the day (numbers from 0 for an array). Their values at a row act on the step to the next
        one. They are not predicted, and a forecast needs their `future_inputs` (:ref:`inputs`).
    n_rectified : int or "auto", default="auto"
        Number of rectifiers: in the hidden layer of a shallow PLRNN ("auto": twice `n_hidden`), in
        the spline of each unit of a dendritic one (10), or units of an almost-linear RNN that are
        rectified (a fifth of them). Must be "auto" for the other cells.
    forcing_interval : int or "auto", default="auto"
        Training steps between two replacements of the state by data. "auto" is the predictability
        time ln 2 / lambda_max in steps, within limits that :ref:`forcing_interval` explains. 1,
        which "auto" is for maps and coarsely sampled rows, closes the loop (:ref:`closed_loop`).
    forcing : {"sparse", "generalized"}, default="sparse"
        Whether data replace the state every `forcing_interval` steps, or draw it towards them by a
        part of the difference at every step [4]_ (:ref:`generalized_forcing`). With the latter the
        interval still sets how long sequences and the forecasts are that trainings are judged by.
    forcing_strength : float or "auto", default="auto"
        That part, from 0 to 1. "auto" follows the Jacobians of the network, so that gradients stay
        bounded. Must be "auto" for sparse forcing.
    interval_jitter : float, default=0.0
        Spread of the intervals of sparse forcing, in parts of `forcing_interval`: training mixes
        intervals from (1 - `interval_jitter`) to (1 + `interval_jitter`) times as long.
    state_inference : {"window", "pseudo_inverse", "identity"}, default="window"
        How a state is inferred from data: by a learned affine map of a window of recent rows; by
        the pseudo-inverse of the readout at one row, the way of [1]_; or by taking the columns for
        the first units, of piecewise-linear cells alone, where data then replace only these and the
        others run on from a learned start [5]_. Change it to compare with papers; the window also
        serves noisy, partly observed and driven series.
    n_delays : int or "auto", default="auto"
        Rows in the window. Must be 1 for "pseudo_inverse". "auto" is 1 where a row tells the next
        and has no noise, as the measurement of the exponent finds, and else 20 or more
        (:ref:`theory`); in a closed loop, and of fewer than 2,000 rows, as few as tell the next
        row, if they do without noise.
    delay : int or "auto", default="auto"
        Steps between the rows of the window.
    noise_level : float or "auto", default="auto"
        Standard deviation of the noise of observation, which is independent from row to row, in
        that of the column. It is taken from the training rows before anything is learned: each row
        is replaced by what the rows before and after it say of it [2]_. "auto" estimates it from
        the rows, and leaves alone what their neighbours do not know better; a number is the most
        that is taken. 0 trains on the rows as they are, as is done with those of a file
        (:ref:`observation_noise`).
    process_noise : bool or "auto", default="auto"
        Whether noise drives the dynamics, so that free runs have to carry it. Each step of a free
        run then starts from the window of the rows before it, and what one-step predictions miss
        is drawn from what they missed of the training rows. "auto" does so where the training rows
        show neither chaos nor order, or are undecided and free runs of a first model end, and warns
        (:ref:`process_noise`). What is fitted stays so, but False on a fitted estimator leaves the
        noise out of its forecasts.
    dt : float, default=1.0
        Sampling interval in your unit of time; exponents and times are given in that unit.
    max_iter : int, default=20000
        Updates of the weights.
    batch_size : int, default=16
        Training sequences in an update.
    sequence_length : int or "auto", default="auto"
        Steps in a training sequence. "auto" is the least multiple of the forcing interval that
        reaches the 100 steps of [1]_, as far as the rows allow.
    learning_rate : float, default=0.003
        Peak of the learning rate, which rises over the first tenth of the updates and then falls to
        zero; three times as much in the second training (see `n_init`). The optimizer is SOAP [3]_:
        Adam along the axes that gradients vary on.
    loss : {"auto", "absolute_error", "squared_error"}, default="auto"
        What is minimised: the mean length of the error of a step (the root mean square over the
        columns, standardised), or the mean squared error, as in [1]_. Chaos makes of some small
        errors large ones; where these count squared, the network learns a mean in place of orbits,
        and free runs may die. "auto" is "squared_error" only where noise drives the series, whose
        mean is wanted (see `process_noise`).
    alpha : float, default=0.0
        L2 penalty on the weights.
    slow_penalty : float, default=0.0
        L2 penalty that draws half of the units towards keeping what they hold, for motions much
        slower than a forcing interval [6]_. Of "plrnn", "shallow_plrnn", "dendritic_plrnn" and
        "al_rnn" alone.
    early_stopping : bool, default=True
        Whether to set the last rows of each trajectory aside, to judge the model by them 25 times
        during training, and to keep the last state that is not distinguishably worse than the best.
        What counts is the score of free runs times the mean squared error of forecasts over one
        forcing interval (of one step and to the fourth power where noise drives the series, since
        noise is most of it): a low error does not mean a free run that lives, and scores are noisy.
        If False, or where fewer than 100 rows of a trajectory would be set aside or left, all its
        rows are trained on; where none are set aside the last state is kept.
    validation_fraction : float, default=0.1
        Part of the rows set aside for early stopping, of a trajectory 200,000 at most.
    n_iter_no_change : int, default=15
        Checks in a row that are worse than the best beyond `tol`, after which training stops.
    tol : float, default=0.5
        Relative scatter of what states are judged by: up to (1 + tol) times the best a state counts
        as equally good, and the later one is kept, as it has had the smaller steps. Where noise
        drives the series it is at most 0.2.
    n_init : int, default=2
        Trainings, from other initial weights; the first, third, ... with `learning_rate`, the
        second, fourth, ... with three times as much, since some series want small steps and some
        large ones. Of those whose free runs score at most three times as badly against the rows
        set aside as stretches of the training rows do, the one is kept whose score times forecast
        error is the least; if there is none, the one that scores best; but before all one whose
        free runs do not end on a fixed point or a cycle, where the rows show an exponent. They
        share the threads that torch is given. Without rows set aside, and with `warm_start`, there
        is one training.
    warm_start : bool, default=False
        Whether to begin from the weights of the last fit, with its scales and whatever "auto"
        came to in it: window, forcing interval, units, process noise.
    device : str, default="auto"
        Where to compute: "auto" (a CUDA GPU where there is one), "cpu", "cuda", "cuda:1".
    random_state : int, RandomState instance or None, default=None
        Determines initial weights and batches. The same int gives the same bits on a CPU.
    verbose : int, default=0
        1 shows a progress bar.

    Attributes
    ----------
    forcing_interval_ : int
        Forcing interval used, in steps.
    closed_loop_ : bool
        Whether each step of a free run begins from a state that is inferred from the rows before
        it, its own. So where `forcing_interval_` is 1 and data replace the whole state (sparse
        forcing without jitter, `state_inference` "window"), and where noise drives the series.
        States are then rows, and exponents those of a map of rows.
    lyapunov_exponent_ : float
        Largest Lyapunov exponent measured on the training rows, in 1 / unit of `dt`; 0 where they
        are regular, nan where they show none. Its error and whether it shows chaos are what
        :class:`LyapunovSpectrum` tells.
    predictability_time_ : float
        ln 2 / `lyapunov_exponent_` in the unit of `dt`; inf where that is not positive, nan where
        it is nan.
    noise_level_ : ndarray of shape (n_features,)
        Noise that was taken from the training rows, in standard deviations of the columns; 0 where
        they were left as they are. Here and below n_features are the columns that are not inputs.
    noise_filter_ : dict of ndarray
        Polynomial that estimates the rows of a window without their noise from the last
        `n_context_` rows as they are; empty where no noise was taken (:ref:`observation_noise`).
    process_noise_ : ndarray of shape (n_features,)
        Standard deviation of the noise that was found to drive the series, in that of the columns;
        0 where it was not taken to.
    innovations_ : ndarray of shape (n_innovations, n_features)
        What one-step predictions missed of training rows, standardised, to draw from; at most
        5,000, and none where free runs carry no noise.
    dt_ : float
        Sampling interval of the training rows.
    cell_, n_hidden_, state_inference_ : str, int, str
        The network that was trained.
    n_delays_, delay_ : int
        Window used, in rows and steps.
    n_context_ : int
        Rows that a context must have for a forecast.
    n_features_in_ : int
        Columns of `X`.
    input_columns_ : ndarray of shape (n_inputs,)
        Positions of the columns of `X` that are inputs.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, where `X` has names that are all strings.
    mean_, scale_ : ndarray of shape (`n_features_in_`,)
        Standardisation of the columns.
    data_min_, data_max_ : ndarray of shape (`n_features_in_`,)
        Range of the training rows. Contexts and inputs far outside give an `ExtrapolationWarning`.
    target_mean_, target_scale_ : ndarray of shape (n_targets,)
        Standardisation of `y`; of length 0 where it was not given.
    target_ndim_ : int
        Number of axes of `y`; 0 where it was not given.
    context_ : ndarray of shape (`n_context_`, `n_features_in_`)
        Last training rows, from which a forecast goes on.
    column_names_ : ndarray
        Column labels of the training frame; numbers from 0 where it was an array.
    time_index_ : ndarray of str
        How the index of the training frame goes on.
    loss_curve_ : ndarray of shape (n_checks,)
        Mean training loss between two checks (standardised units).
    validation_scores_ : ndarray of shape (n_checks,)
        State space divergence plus power spectrum distance of free runs against the rows set
        aside, or against all rows where noise drives the series; lower is better. Empty without
        early stopping.
    validation_score_ : float
        Score of the state that is kept; nan without early stopping.
    validation_floor_ : float
        The score that stretches of the training rows get in place of free runs; nan without early
        stopping, and where noise drives the series. A good model comes near it.
    reconstruction_report_ : dict
        What free runs of the model do, beside what the rows do. "regime", "exponent" and
        "exponent_error" are those of the model ("unbounded", "fixed point", "cycle", "torus",
        "chaos", "undecided", "follows its inputs" where these drive it and small errors die out,
        or "driven by noise", which has no exponent; per unit of `dt`),
        "data_regime", "data_exponent" and "data_exponent_error" those of the training rows.
        "divergence" and "spectrum_distance" are distances of 32 free runs from the rows set aside
        (:mod:`skchaos.metrics`; from the later half where none are), "divergence_floor" and
        "spectrum_distance_floor" those of training rows from them: nothing can be much better.
        "spread" is the standard deviation of the free runs in that of the rows, in the column where
        it is farthest from 1. "reasons" lists, in words, what speaks against the model;
        where it is not empty, fit warns (:ref:`reconstruction_report`).
    n_init_ : int
        Trainings made, of which the best was kept; with those of a first model that died, where the
        rows were then taken to be driven by noise.
    n_iter_ : int
        Updates done in it.
    stopped_ : {"max_iter", "early_stopping", "interrupted", "diverged"}
        Why training ended.
    weight_names_ : ndarray of str
        Names of the weights that follow, in the network.
    cell_weight_, readout_weight_, ... : ndarray
        Weights of the network, float32.

    See Also
    --------
    LyapunovSpectrum : Lyapunov exponents of a series or of a fitted model.
    skchaos.model_selection.forcing_interval_grid : Intervals to search over.

    Notes
    -----
    A training costs `max_iter` updates of `batch_size` x `sequence_length` steps, whatever the
    number of rows. Nothing is random but the initial weights, the batches and, where noise drives
    the series, that of windows (the same for every seed) and of forecasts.

    References
    ----------
    .. [1] J. M. Mikhaeil, Z. Monfared and D. Durstewitz, "On the difficulty of learning chaotic
       dynamics with RNNs", NeurIPS 2022 (arXiv:2110.07238).
    .. [2] J. Batson and L. Royer, "Noise2Self: blind denoising by self-supervision", ICML 2019
       (arXiv:1901.11365).
    .. [3] N. Vyas et al., "SOAP: improving and stabilizing Shampoo using Adam", ICLR 2025
       (arXiv:2409.11321).
    .. [4] F. Hess, Z. Monfared, M. Brenner and D. Durstewitz, "Generalized teacher forcing for
       learning chaotic dynamics", ICML 2023 (arXiv:2306.04406).
    .. [5] M. Brenner et al., "Tractable dendritic RNNs for reconstructing nonlinear dynamical
       systems", ICML 2022 (arXiv:2207.02542).
    .. [6] D. Schmidt, G. Koppe, Z. Monfared, M. Beutelspacher and D. Durstewitz, "Identifying
       nonlinear dynamical systems with multiple time scales and long-range dependencies", ICLR 2021
       (arXiv:1910.03471).

    Examples
    --------
    >>> from skchaos import ChaoticRNNRegressor
    >>> from skchaos.datasets import make_lorenz63
    >>> X = make_lorenz63(2000, as_frame=True, random_state=0)
    >>> model = ChaoticRNNRegressor(max_iter=50, dt=0.01, random_state=0).fit(X)
    >>> model.forecast(3).shape
    (3, 3)
    """

    _parameter_constraints: dict = {
        "cell": [StrOptions(_CELLS)],
        "n_hidden": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "input_columns": [None, "array-like", str, Integral],
        "n_rectified": _AUTO_OR_COUNT,
        "forcing_interval": _AUTO_OR_COUNT,
        "forcing": [StrOptions({"sparse", "generalized"})],
        "forcing_strength": [Interval(Real, 0, 1, closed="both"), StrOptions({"auto"})],
        "interval_jitter": [Interval(Real, 0, 1, closed="left")],
        "state_inference": [StrOptions({"window", "pseudo_inverse", "identity"})],
        "n_delays": _AUTO_OR_COUNT,
        "delay": _AUTO_OR_COUNT,
        "noise_level": [Interval(Real, 0, 1, closed="left"), StrOptions({"auto"})],
        "process_noise": ["boolean", StrOptions({"auto"})],
        "dt": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "sequence_length": _AUTO_OR_COUNT,
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "loss": [StrOptions({"auto", "absolute_error", "squared_error"})],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "slow_penalty": [Interval(Real, 0, None, closed="left")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "warm_start": ["boolean"],
        "device": [str],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        cell="lstm",
        n_hidden="auto",
        *,
        input_columns=None,
        n_rectified="auto",
        forcing_interval="auto",
        forcing="sparse",
        forcing_strength="auto",
        interval_jitter=0.0,
        state_inference="window",
        n_delays="auto",
        delay="auto",
        noise_level="auto",
        process_noise="auto",
        dt=1.0,
        max_iter=20_000,
        batch_size=16,
        sequence_length="auto",
        learning_rate=3e-3,
        loss="auto",
        alpha=0.0,
        slow_penalty=0.0,
        early_stopping=True,
        validation_fraction=0.1,
        n_iter_no_change=15,
        tol=0.5,
        n_init=2,
        warm_start=False,
        device="auto",
        random_state=None,
        verbose=0,
    ):
        self.cell = cell
        self.n_hidden = n_hidden
        self.input_columns = input_columns
        self.n_rectified = n_rectified
        self.forcing_interval = forcing_interval
        self.forcing = forcing
        self.forcing_strength = forcing_strength
        self.interval_jitter = interval_jitter
        self.state_inference = state_inference
        self.n_delays = n_delays
        self.delay = delay
        self.noise_level = noise_level
        self.process_noise = process_noise
        self.dt = dt
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.sequence_length = sequence_length
        self.learning_rate = learning_rate
        self.loss = loss
        self.alpha = alpha
        self.slow_penalty = slow_penalty
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.n_init = n_init
        self.warm_start = warm_start
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        # scikit-learn tests with a handful of updates on rows without any order in time.
        tags.regressor_tags.poor_score = True
        return tags

    @fit_method
    def fit(self, X, y=None, *, groups=None):
        """Train the network on consecutive rows.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            The series, one row a time step, in ascending order of time. A memory-mapped float32
            array (:class:`numpy.memmap`) stays in its file.
        y : array-like of shape (n_samples,) or (n_samples, n_targets), default=None
            Target of each row, read out of the state that follows it. With None the target of a
            row is the next row.
        groups : array-like of shape (n_samples,), default=None
            Label of the trajectory that each row belongs to; rows of one trajectory are
            contiguous. No training sequence crosses from one trajectory to the next.

        Returns
        -------
        self : ChaoticRNNRegressor
            Fitted estimator.

        Raises
        ------
        ValueError
            If the rows are not numeric, finite, varying and enough, if the index of a frame has
            holes, or if a setting asks for more rows than there are.
        RuntimeError
            If `device` is not available, or training never reaches a finite loss.
        """
        from skchaos import _fitted, _prepare, _second_look  # torch loads here, not before

        job = _prepare.prepare(self, X, y, groups)
        [trained] = _second_look.train_jobs([job])
        return _fitted.take_over(self, *trained)

    def predict(self, X):
        """Predict one step ahead of every row.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Consecutive rows of one trajectory.

        Returns
        -------
        ndarray of shape (n_samples, n_features), or that of `y` in :meth:`fit`
            Columns that are not inputs. Row t is the prediction of row t + 1 (or of the target of
            row t), from row t and the rows before it, never a later one; where too few rows stand
            before it, the first row is repeated. In the units of the data.

        Raises
        ------
        ValueError
            If `X` has other columns than the training rows, or its index shows holes or another
            time step.
        """
        check_is_fitted(self)
        rows = self._read_consecutive(X)
        engine = self._engine()
        outputs = engine.predict(rows)
        if self.target_ndim_ == 0:
            return engine.scaling.undo(outputs)
        targets = Scaling(self.target_mean_, self.target_scale_).undo(
            outputs[:, -len(self.target_mean_) :]
        )
        return targets.ravel() if self.target_ndim_ == 1 else targets

    def _continue(self, contexts, n_steps, future_inputs=None):
        self._validate_params()  # process_noise may have been set since
        engine = self._engine()
        if self.process_noise not in ("auto", False) and engine.pool is None:
            raise ValueError(
                "process_noise=True, but the estimator was fitted without noise that drives the "
                "series: fit it again."
            )
        # A step is led by the inputs of the row that it begins from.
        at, inputs = self.input_columns_, None
        own = np.setdiff1d(np.arange(self.n_features_in_), at)
        self._warn_of_extrapolation("Column", contexts[..., own], own, FAR_ROWS)
        if len(at):
            leading = np.concatenate([contexts[:, -1:, at], future_inputs[:, :-1]], axis=1)
            self._warn_of_extrapolation("Input", leading, at, FAR_INPUTS)
            inputs = engine.standard_inputs(leading)
        if engine.pool is None:
            run = engine.free_run(engine.final_states(contexts), n_steps, inputs)
        else:
            seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
            run = engine.noisy_run(contexts, n_steps, seed=seed, inputs=inputs)
            run = engine.scaling.undo(run)
        _warn_if_not_finite(run)
        return joined(run, future_inputs, at) if len(at) else run

    def _warn_of_extrapolation(self, what, values, at, margin):
        labels = self.column_names_[at].tolist()
        warn_of_extrapolation(what, values, self.data_min_[at], self.data_max_[at], labels, margin)

    @property
    def _is_random(self):
        """Whether a free run is one of many, by the noise that it carries."""
        return len(self.innovations_) > 0 and bool(self.process_noise)

    def _engine(self):
        """Return the model in float64 behind numpy arrays."""
        from skchaos import _engine

        return _engine.restore(self)


def _warn_if_not_finite(run):
    finite = np.isfinite(run).all(axis=(0, 2))
    if not finite.all():
        warn(
            f"The free run left the range of numbers after {int(np.argmin(finite))} steps; the "
            "rows from there on are not finite. The model has no bounded orbit: fit it with "
            "another random_state, or a cell that is bounded (lstm, gru, elman, "
            "clipped_shallow_plrnn).",
            DivergenceWarning,
        )
