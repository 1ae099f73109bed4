"""The optimizer's part that is not element by element: gradients along the axes of a matrix."""

import numpy as np
from numba import njit

from skchaos.core._loops._cells import OPTIONS, njit_kept


@njit_kept
def to_axes(first, shape, sides, kept, turns, gradients, means, turned):
    """Take in the gradient of a matrix of each model, and turn it to the axes of the matrix.

    Parameters
    ----------
    first : int
        Number of the first weight of the matrix in a row.
    shape : tuple of int
        Gates, rows and columns.
    sides : tuple of ndarray of shape (model, gate, side, side)
        Covariance and axes of the left side, then of the right one, changed in place; empty for a
        side that has no axes of its own.
    kept : float
        Part of the covariances that is kept.
    turns : bool
        Whether the axes turn before; `means`, which lie along them, are then turned too.
    gradients, means, turned : ndarray of shape (model, weight)
        Gradients, what to turn with the axes, and where turned gradients are put.
    """
    for model in range(gradients.shape[0]):
        for gate in range(shape[0]):
            at, size = _place(first, gate, shape), (shape[1], shape[2])
            left, left_axes, right, right_axes = [side[model, gate] for side in sides]
            gradient = gradients[model, at].reshape(size)
            if left.size:
                _meet(left, kept, np.dot(gradient, gradient.T))
            if right.size:
                _meet(right, kept, np.dot(gradient.T, gradient))
            if turns:
                mean = _turned_back(means[model, at].reshape(size), left_axes, right_axes)
                _turn(left, left_axes)
                _turn(right, right_axes)
                means[model, at] = _turned(mean, left_axes, right_axes).ravel()
            turned[model, at] = _turned(gradient, left_axes, right_axes).ravel()


@njit_kept
def from_axes(first, shape, left_axes, right_axes, steps):
    """Turn steps (model, weight) of a matrix from its axes, (model, gate, side, axis), in place."""
    for model in range(steps.shape[0]):
        for gate in range(shape[0]):
            at = _place(first, gate, shape)
            step = steps[model, at].reshape((shape[1], shape[2]))
            step = _turned_back(step, left_axes[model, gate], right_axes[model, gate])
            steps[model, at] = step.ravel()


@njit(**OPTIONS)
def _place(first, gate, shape):
    size = shape[1] * shape[2]
    return slice(first + gate * size, first + (gate + 1) * size)


@njit(**OPTIONS)
def _meet(covariance, kept, fresh):
    """Move a covariance towards that of fresh gradients."""
    part = covariance.dtype.type(1 - kept)
    for i in range(covariance.shape[0]):
        for j in range(covariance.shape[1]):
            covariance[i, j] += part * (fresh[i, j] - covariance[i, j])


@njit(**OPTIONS)
def _turn(covariance, axes):
    if covariance.size:
        stretched = np.dot(covariance, axes)
        if np.isfinite(stretched).all():
            axes[:] = np.linalg.qr(stretched)[0]
        else:  # which numba's QR refuses; the check of training sees to it
            axes[:] = np.nan


@njit(**OPTIONS)
def _turned(matrix, left_axes, right_axes):
    if left_axes.size:
        matrix = np.dot(left_axes.T, matrix)
    return np.dot(matrix, right_axes) if right_axes.size else matrix


@njit(**OPTIONS)
def _turned_back(matrix, left_axes, right_axes):
    if left_axes.size:
        matrix = np.dot(left_axes, matrix)
    return np.dot(matrix, right_axes.T) if right_axes.size else matrix
