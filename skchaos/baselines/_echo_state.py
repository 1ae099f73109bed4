"""Echo state network: a fixed random network with a ridge readout."""

from itertools import product
from numbers import Integral
from typing import ClassVar

import numpy as np
from sklearn.utils import check_random_state

from skchaos._sklearn import Interval
from skchaos.baselines._base import BaseForecaster, Tuning

_CHUNK = 5000  # rows whose states are held at once


class EchoStateForecaster(BaseForecaster):
    """Forecast by an echo state network: a fixed random network with a ridge readout.

    r(t + 1) = (1 - a) r(t) + a tanh(s W r(t) + c (V x(t + 1) + b)) with the leak rate a, the
    spectral radius s and the input scaling c; x(t + 1) is linear in r(t) and x(t). The random W, V
    and b come from reservoirpy. For each candidate (s, a, c, ridge penalty), the readout is fitted
    to the first four fifths of the training rows; the candidate whose free runs stay valid longest
    over the last fifth is fitted again to all of them.

    Parameters
    ----------
    n_units : int, default=400
        Units of the network; a tenth of the entries of W are not zero.
    spectral_radii : array-like of float, default=(0.9, 1.2)
        Candidates for s.
    leak_rates : array-like of float, default=(0.3, 1.0)
        Candidates for a.
    input_scalings : array-like of float, default=(0.2, 0.5)
        Candidates for c, in 1 / standard deviation of the columns.
    alphas : array-like of float, default=(1e-8, 1e-6, 1e-4, 1e-2)
        Candidates for the ridge penalty on the readout, per training row.
    washout : int, default=100
        Rows after which the state no longer depends on where it began.
    random_state : int, RandomState instance or None, default=None
        Determines W, V and b.

    Attributes
    ----------
    spectral_radius_, leak_rate_, input_scaling_, alpha_ : float
        Candidate chosen.
    valid_steps_ : float
        Its mean valid prediction time over the last fifth of the training rows, in steps.
    n_context_ : int
        Rows that a context must have: `washout`.
    n_features_in_ : int
        Columns of `X`.

    Raises
    ------
    ImportError
        In fit, if reservoirpy is not installed.

    References
    ----------
    .. [1] H. Jaeger and H. Haas, "Harnessing nonlinearity: predicting chaotic systems and saving
       energy in wireless communication", Science 304, 2004.
    .. [2] M. Lukosevicius, "A practical guide to applying echo state networks", in "Neural
       networks: tricks of the trade", Springer, 2012: what to tune, and the direct input.

    Examples
    --------
    >>> from skchaos.baselines import EchoStateForecaster
    >>> from skchaos.datasets import make_henon
    >>> X = make_henon(400, random_state=0)
    >>> EchoStateForecaster(50, random_state=0).fit(X).forecast(3).shape
    (3, 2)
    """

    _parameter_constraints: ClassVar[dict] = {
        "n_units": [Interval(Integral, 1, None, closed="left")],
        "spectral_radii": ["array-like"],
        "leak_rates": ["array-like"],
        "input_scalings": ["array-like"],
        "alphas": ["array-like"],
        "washout": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_units=400,
        *,
        spectral_radii=(0.9, 1.2),
        leak_rates=(0.3, 1.0),
        input_scalings=(0.2, 0.5),
        alphas=(1e-8, 1e-6, 1e-4, 1e-2),
        washout=100,
        random_state=None,
    ):
        self.n_units = n_units
        self.spectral_radii = spectral_radii
        self.leak_rates = leak_rates
        self.input_scalings = input_scalings
        self.alphas = alphas
        self.washout = washout
        self.random_state = random_state

    def _learn(self, rows):
        self.n_context_ = self.washout
        self._need_rows(rows, 3 * self.washout, "to settle, to fit and to choose its settings")
        weights = self._draw_weights(rows.shape[1])
        tuning = Tuning(rows)
        best = (-np.inf,)
        for settings in product(self.spectral_radii, self.leak_rates, self.input_scalings):
            self._set_reservoir(weights, *settings)
            moments = self._moments(tuning.fitted_rows)
            states = tuning.final_states(self)
            for alpha in self.alphas:
                self._set_readout(moments, alpha)
                valid_steps = tuning.valid_steps(self, states)
                if valid_steps > best[0]:
                    best = (valid_steps, *settings, alpha)
        self.valid_steps_, *settings, self.alpha_ = best
        self.spectral_radius_, self.leak_rate_, self.input_scaling_ = settings
        self._set_reservoir(weights, *settings)
        self._set_readout(self._moments(rows), self.alpha_)

    def _draw_weights(self, n_features):
        """Return W of spectral radius 1, V and b."""
        try:
            from reservoirpy.mat_gen import uniform
            from reservoirpy.nodes import Reservoir
        except ImportError as error:
            raise ImportError(
                "EchoStateForecaster draws its network by reservoirpy, which is not installed: "
                'pip install "skchaos[examples]".'
            ) from error

        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        reservoir = Reservoir(
            self.n_units,
            sr=1.0,
            input_connectivity=1.0,
            bias=uniform(low=-1.0, high=1.0),
            seed=int(seed),
        )
        reservoir.initialize(np.zeros(n_features))
        matrices = (reservoir.W, reservoir.Win)
        dense = [m.toarray() if hasattr(m, "toarray") else np.asarray(m) for m in matrices]
        return (*dense, np.ravel(reservoir.bias))

    def _set_reservoir(self, weights, spectral_radius, leak_rate, input_scaling):
        recurrent, into, bias = weights
        self.recurrent_weight_ = spectral_radius * recurrent
        self.input_weight_, self.bias_ = input_scaling * into, input_scaling * bias
        self.leak_ = float(leak_rate)

    def _advance(self, states, rows):
        units = states[:, rows.shape[1] :]
        drive = units @ self.recurrent_weight_.T + rows @ self.input_weight_.T + self.bias_
        units = (1 - self.leak_) * units + self.leak_ * np.tanh(drive)
        return np.concatenate([rows, units], axis=1)

    def _settled(self, first_rows):
        """Return the states (context, feature + unit) of a network that has long seen one row."""
        states = np.zeros((len(first_rows), first_rows.shape[1] + self.n_units))
        for _ in range(self.n_context_):
            states = self._advance(states, first_rows)
        return states

    def _states(self, rows):
        state, states = self._settled(rows[:, 0]), []
        for row in rows.transpose(1, 0, 2):
            state = self._advance(state, row)
            states.append(state)
        return np.stack(states, axis=1)

    def _final_states(self, contexts):
        states = self._settled(contexts[:, 0])
        for row in contexts.transpose(1, 0, 2):
            states = self._advance(states, row)
        return states

    def _step(self, states):
        return states @ self.coef_.T + self.intercept_

    def _moments(self, rows):
        """Return what the ridge readout needs, a chunk of rows at a time.

        The eigenvalues and eigenvectors of the states' second moments, and the moments between
        states and next rows. The constant that gives the intercept is one more state.
        """
        states, left, right = self._settled(rows[:1]), 0.0, 0.0
        for first in range(0, len(rows) - 1, _CHUNK):
            chunk = []
            for row in rows[first : min(first + _CHUNK, len(rows) - 1)]:
                states = self._advance(states, row[None])
                chunk.append(states[0])
            skipped = max(0, self.washout - first)
            chunk = np.column_stack([np.ones(len(chunk)), chunk])[skipped:]
            left = left + chunk.T @ chunk
            right = right + chunk.T @ rows[first + 1 + skipped : first + 1 + skipped + len(chunk)]
        n_used = len(rows) - 1 - self.washout
        return *np.linalg.eigh(left / n_used), right / n_used

    def _set_readout(self, moments, alpha):
        eigenvalues, eigenvectors, right = moments
        weights = eigenvectors / (np.maximum(eigenvalues, 0) + alpha) @ (eigenvectors.T @ right)
        self.intercept_, self.coef_ = weights[0], weights[1:].T
