"""Method of steps for a scalar delay equation with linear decay, dx/dt = g(x(t - delay)) - gamma x.

Over one delay the delayed value is already known, so the equation is linear and its solution is a
decay plus an integral over the feedback [1]_:

    x(t) = exp(-gamma (t - t0)) x(t0)
           + integral from t0 to t of exp(-gamma (t - s)) g(x(s - delay)) ds

The delay is cut into equal pieces that carry Chebyshev nodes. The nodes of one delay fall on those
of the next, so the delayed value is never interpolated; g is replaced by its interpolant through
the nodes and the integral of that, decay included, is a matrix fixed beforehand. A delay costs one
matrix product and one first-order recursion along the pieces. The same linear step carries
perturbations, so that the exponents come from the discretised tangent of the very orbit.

References
----------
.. [1] Bellman, R. & Cooke, K. L. (1963). Differential-Difference Equations. Academic Press,
   chapter 3.
"""

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

N_NODES = 9  # nodes in a piece, both ends included; polynomials of degree 8


@dataclass(frozen=True)
class DelayStepper:
    """One delay cut into pieces: the nodes and the exact integrals of their interpolants.

    Attributes
    ----------
    delay : float
        Length of the delay, in time units.
    n_pieces : int
        Number of equal pieces in a delay.
    nodes : ndarray of shape (n_nodes,)
        Nodes of a piece as fractions of its width, from 0 to 1.
    decay : ndarray of shape (n_nodes,)
        What is left at each node of a value at the start of the piece.
    integrals : ndarray of shape (n_nodes, n_nodes)
        Row i turns the feedback at the nodes into its decayed integral up to node i.
    """

    delay: float
    n_pieces: int
    nodes: np.ndarray
    decay: np.ndarray
    integrals: np.ndarray

    @classmethod
    def build(cls, delay, gamma, n_pieces, n_nodes=N_NODES):
        """Return the stepper of `n_pieces` pieces a delay under the decay rate `gamma`."""
        width = delay / n_pieces
        nodes = 0.5 * (1.0 - np.cos(np.pi * np.arange(n_nodes) / (n_nodes - 1)))
        # Gauss-Legendre on [0, node]: exact for the polynomial, and to rounding for the decay.
        points, weights = np.polynomial.legendre.leggauss(n_nodes + 12)
        points, weights = 0.5 * (points + 1.0), 0.5 * weights
        integrals = np.empty((n_nodes, n_nodes))
        for i, node in enumerate(nodes):
            kernel = node * width * weights * np.exp(-gamma * node * width * (1.0 - points))
            integrals[i] = kernel @ lagrange_matrix(nodes, node * points)
        return cls(delay, n_pieces, nodes, np.exp(-gamma * width * nodes), integrals)

    def advance(self, feedback, start):
        """Return the solution over the next delay.

        Parameters
        ----------
        feedback : ndarray of shape (n_pieces, n_nodes, ...)
            The feedback at the nodes, computed from the delay before.
        start : ndarray of shape (...)
            The solution at the start of this delay.

        Returns
        -------
        ndarray of shape (n_pieces, n_nodes, ...)
            The solution at the nodes of this delay.
        """
        gains = np.moveaxis(np.tensordot(self.integrals, feedback, axes=(1, 1)), 0, 1)
        left = self.decay[-1]
        # starts[j + 1] = left * starts[j] + gains[j, last]: each piece starts where one ended.
        inputs = np.concatenate((np.asarray(start)[None], gains[:-1, -1]))
        starts = lfilter([1.0], [1.0, -left], inputs, axis=0)
        decay = self.decay.reshape(-1, *(1,) * (gains.ndim - 2))
        return decay * starts[:, None] + gains

    def sample(self, solution, times):
        """Return the solution at `times` by its own interpolants.

        Parameters
        ----------
        solution : ndarray of shape (n_delays, n_pieces, n_nodes)
            Consecutive delays, the first of which starts at time 0.
        times : ndarray of shape (n_times,)
            Times from 0 to `n_delays * delay`.

        Returns
        -------
        ndarray of shape (n_times,)
        """
        pieces = solution.reshape(-1, self.nodes.size)
        position = times * (self.n_pieces / self.delay)
        index = np.minimum(position.astype(np.intp), len(pieces) - 1)
        matrix = lagrange_matrix(self.nodes, position - index)
        return np.einsum("ij,ij->i", matrix, pieces[index])


def solve_delay(stepper, feedback, history, n_delays):
    """Return the solution over `n_delays` delays that follow a constant history.

    Parameters
    ----------
    stepper : DelayStepper
    feedback : callable
        The function g of the delayed value, elementwise.
    history : float
        The solution at all times up to 0.
    n_delays : int

    Returns
    -------
    ndarray of shape (n_delays, n_pieces, n_nodes)
    """
    solution = np.empty((n_delays, stepper.n_pieces, stepper.nodes.size))
    previous = np.full(solution.shape[1:], float(history))
    for current in solution:
        current[:] = stepper.advance(feedback(previous), previous[-1, -1])
        previous = current
    return solution


def lagrange_matrix(nodes, points):
    """Return the matrix that takes values at `nodes` to those of their interpolant at `points`.

    Parameters
    ----------
    nodes : ndarray of shape (n_nodes,)
    points : ndarray of shape (n_points,)

    Returns
    -------
    ndarray of shape (n_points, n_nodes)
        Barycentric form of the Lagrange polynomials; rows sum to 1.
    """
    gaps = nodes[:, None] - nodes
    np.fill_diagonal(gaps, 1.0)
    distances = points[:, None] - nodes
    hits = distances == 0.0
    terms = 1.0 / (np.where(hits, 1.0, distances) * gaps.prod(axis=1))
    matrix = terms / terms.sum(axis=1, keepdims=True)
    on_node = hits.any(axis=1)
    matrix[on_node] = hits[on_node]
    return matrix
