r"""Local maps: what the neighbours of a point say about the next stretch of its future.

Around a reference point :math:`y_i` the future of its neighbours :math:`y_j` is regressed on their
displacement :math:`u = P^T (y_j - y_i)`,

.. math:: z_{j+s} - z_{i+s} \approx c_i + A_i u + u^T Q_i u ,

with weights that fall off with distance. P holds the leading principal directions of the
neighbours: along the others there is nothing but noise, and growth "measured" there is spurious.
The reference point itself is no part of the fit, so c_i is an honest error of prediction; and
:math:`P A_i` is the Jacobian of the flow over s steps, whose products give the exponents (Eckmann,
Kamphorst, Ruelle & Ciliberto 1986, Phys. Rev. A 34, 4971; Sano & Sawada 1985, Phys. Rev. Lett. 55,
1082; quadratic terms as in Briggs 1990, Phys. Lett. A 151, 27).
"""

from dataclasses import dataclass

import numpy as np

# Numbers that one block of local fits holds at a time: 32 MB of float64.
BLOCK_SIZE = 4_000_000
MAX_ERROR = 3.0  # standard deviations: beyond it a prediction is just as wrong


@dataclass(frozen=True)
class LocalMap:
    """Settings of a local map: directions kept, neighbours used, curved or plain."""

    rank: int
    n_neighbors: int
    quadratic: bool = True


def n_coefficients(rank, quadratic):
    """Return the number of regressors: constant, linear and, if asked for, quadratic ones."""
    return 1 + rank + (rank * (rank + 1) // 2 if quadratic else 0)


def fit_local_maps(space, images, centers, center_images, distances, neighbors, settings):
    """Fit a local map at every reference point.

    Parameters
    ----------
    space : ndarray of shape (n_points, n_dims)
        Points that may be neighbours.
    images : ndarray of shape (n_points, n_targets)
        Their futures; the first `n_dims` columns are the future points themselves.
    centers : ndarray of shape (n_references, n_dims)
    center_images : ndarray of shape (n_references, n_targets)
        The reference points and their futures.
    distances, neighbors : ndarray of shape (n_references, at least settings.n_neighbors)
        Nearest neighbours, as `find_neighbors` gives them.
    settings : LocalMap

    Returns
    -------
    errors : ndarray of shape (n_references, n_targets)
        Predicted minus true future of the reference points.
    jacobians : ndarray of shape (n_references, n_dims, n_dims)
        d future / d point, (from, to): displacements are row vectors.
    """
    k = settings.n_neighbors
    n_references, n_dims = centers.shape
    n_numbers = k * (n_dims + images.shape[1] + 2 * n_coefficients(settings.rank, True))
    step = max(1, BLOCK_SIZE // n_numbers)
    errors = np.empty((n_references, images.shape[1]))
    jacobians = np.empty((n_references, n_dims, n_dims))
    for start in range(0, n_references, step):
        part = slice(start, start + step)
        nearest = neighbors[part, :k]
        errors[part], jacobians[part] = _fit_block(
            space[nearest] - centers[part, None],
            images[nearest] - center_images[part, None],
            distances[part, :k],
            settings,
        )
    return errors, jacobians


def _fit_block(displacements, futures, distances, settings):
    n_dims = displacements.shape[2]
    reach = np.maximum(distances[:, -1:], np.finfo(float).tiny)
    weights = np.exp(-((distances / reach) ** 2))[..., None]
    axes = None
    if settings.rank < n_dims:
        spread = np.swapaxes(displacements * weights, 1, 2) @ displacements
        axes = np.linalg.eigh(spread)[1][:, :, : -settings.rank - 1 : -1]
        displacements = displacements @ axes
    size = np.sqrt((displacements**2).mean(axis=1, keepdims=True)) + np.finfo(float).tiny
    regressors = _regressors(displacements / size, settings.quadratic)
    weighted = np.swapaxes(regressors * weights, 1, 2)
    gram = weighted @ regressors
    diagonal = np.arange(gram.shape[1])
    # Far below any noise; it only keeps exactly collinear directions from stopping the solver.
    gram[:, diagonal, diagonal] += 1e-10 * np.trace(gram, axis1=1, axis2=2)[:, None]
    coefficients = np.linalg.solve(gram, weighted @ futures)
    linear = coefficients[:, 1 : 1 + size.shape[2], :n_dims] / np.swapaxes(size, 1, 2)
    return coefficients[:, 0], linear if axes is None else axes @ linear


def _regressors(u, quadratic):
    columns = [np.ones_like(u[..., :1]), u]
    if quadratic:
        i, j = np.triu_indices(u.shape[-1])
        columns.append(u[..., i] * u[..., j])
    return np.concatenate(columns, axis=-1)


def log_errors(errors):
    """Return the logarithm of the root mean square error of each reference point."""
    square = (np.minimum(np.abs(errors), MAX_ERROR) ** 2).mean(axis=1)
    return 0.5 * np.log(square + np.finfo(float).tiny)


def tangent_growth(jacobians, starts):
    """Carry a tangent vector along chains of Jacobians.

    Parameters
    ----------
    jacobians : ndarray of shape (n_chains, n_steps, n_dims, n_dims)
        (from, to), as `fit_local_maps` gives them.
    starts : ndarray of shape (n_chains, n_dims)
        First vector of each chain.

    Returns
    -------
    growth : ndarray of shape (n_chains, n_steps)
        Logarithm of the factor by which the vector grew in each step.
    """
    growth = np.empty(jacobians.shape[:2])
    vectors = starts / np.linalg.norm(starts, axis=1, keepdims=True)
    for step in range(jacobians.shape[1]):
        vectors = (vectors[:, None] @ jacobians[:, step])[:, 0]
        lengths = np.maximum(np.linalg.norm(vectors, axis=1), np.finfo(float).tiny)
        growth[:, step] = np.log(lengths)
        vectors = vectors / lengths[:, None]
    return growth


def make_chains(points, n_steps, n_references):
    """Return index chains i, i + s, i + 2 s, ... along trajectories, about `n_references` in all.

    A long trajectory gets four chains spread over its length, or as many as there are offsets,
    short ones at least one each until there are enough. All chains have one length, that of the
    shortest trajectory used; trajectories with less than a third of the longest one's are not.

    Returns
    -------
    chains : ndarray of shape (n_chains, chain_length)
        Indices into `points`; every one has a future `n_steps` ahead. Empty where there is none.
    """
    cuts = np.flatnonzero(np.diff(points.segments)) + 1
    starts, stops = np.r_[0, cuts], np.r_[cuts, len(points)]
    links = (stops - starts - 1) // n_steps
    enough = (links > 0) & (3 * links >= links.max())
    if not enough.any():
        return np.empty((0, 0), dtype=np.intp)
    starts, stops, links = starts[enough], stops[enough], links[enough]
    length = min(int(links.min()), max(1, n_references // 4))
    n_chains = max(1, n_references // length)
    if n_chains < len(starts):
        used = np.linspace(0, len(starts) - 1, n_chains).astype(int)
        starts, stops = starts[used], stops[used]
    each = max(1, n_chains // len(starts))
    first = [
        np.unique(np.linspace(start, stop - 1 - length * n_steps, each).astype(int))
        for start, stop in zip(starts, stops, strict=True)
    ]
    return np.concatenate(first)[:, None] + np.arange(length) * n_steps
