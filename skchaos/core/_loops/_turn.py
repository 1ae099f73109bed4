"""The optimizer's part that is not element by element: gradients along the axes of a matrix."""

import numpy as np
from numba import njit

from skchaos.core._loops._cells import OPTIONS, njit_kept


@njit_kept
def to_axes(place, sides, kept, turns, gradients, means, turned):
    """Take in the gradient of a matrix of each model, and turn it to the axes of the matrix.

    Parameters
    ----------
    place : tuple
        Number of the first weight of the matrix in a row; its rows and columns; and whether the
        last of these is a bias, which follows the other weights.
    sides : tuple of ndarray of shape (model, side, side)
        Covariance and axes of the left side, then of the right one, changed in place; empty for a
        side that has no axes of its own.
    kept : float
        Part of the covariances that is kept.
    turns : bool
        Whether the axes turn before; `means`, which lie along them, are then turned too.
    gradients, means, turned : ndarray of shape (model, weight)
        Gradients, what to turn with the axes, and where turned gradients are put.
    """
    gradient = np.empty((place[1], place[2]), gradients.dtype)
    mean = np.empty_like(gradient)
    for model in range(gradients.shape[0]):
        left, left_axes, right, right_axes = [side[model] for side in sides]
        _read(gradients[model], place, gradient)
        if left.size:
            _meet(left, kept, np.dot(gradient, gradient.T))
        if right.size:
            _meet(right, kept, np.dot(gradient.T, gradient))
        if turns:
            _read(means[model], place, mean)
            unturned = _turned_back(mean, left_axes, right_axes)
            _turn(left, left_axes)
            _turn(right, right_axes)
            _write(_turned(unturned, left_axes, right_axes), place, means[model])
        _write(_turned(gradient, left_axes, right_axes), place, turned[model])


@njit_kept
def from_axes(place, left_axes, right_axes, steps):
    """Turn steps (model, weight) of a matrix from its axes, (model, side, axis), in place."""
    step = np.empty((place[1], place[2]), steps.dtype)
    for model in range(steps.shape[0]):
        _read(steps[model], place, step)
        _write(_turned_back(step, left_axes[model], right_axes[model]), place, steps[model])


@njit(**OPTIONS)
def _pieces(row, place):
    """Return views of a matrix and of its bias, (row, column), in a row of weights."""
    first, n_rows, n_columns, has_bias = place
    n_biases = 1 if has_bias else 0
    n_inner = n_columns - n_biases
    bias, end = first + n_rows * n_inner, first + n_rows * n_columns
    return row[first:bias].reshape((n_rows, n_inner)), row[bias:end].reshape((n_rows, n_biases))


@njit(**OPTIONS)
def _read(row, place, matrix):
    """Take a matrix, with a bias as its last column, out of a row of weights."""
    weight, bias = _pieces(row, place)
    matrix[:, : weight.shape[1]] = weight
    matrix[:, weight.shape[1] :] = bias


@njit(**OPTIONS)
def _write(matrix, place, row):
    """Put it back."""
    weight, bias = _pieces(row, place)
    weight[:] = matrix[:, : weight.shape[1]]
    bias[:] = matrix[:, weight.shape[1] :]


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
