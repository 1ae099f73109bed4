"""Frames of tangent vectors carried along rows: the QR method on Jacobians from data.

Benettin, Galgani, Giorgilli & Strelcyn, Meccanica 15 (1980), 9; Eckmann & Ruelle, Rev. Mod. Phys.
57 (1985), 617, section V.
"""

import numpy as np

N_CHAINS = 40  # at least, carried side by side
# Until a frame has turned into the leading directions; 2 gave 13 % too little.
WARM_UP_PERIODS = 10.0
MIN_WARM_UP = 10  # links


def make_chains(segments, step, warm_up, n_skipped=0):
    """Return links of chains that cover every state once, each after a warm-up on earlier ones.

    Parameters
    ----------
    segments : ndarray of shape (n_states,)
        Trajectory of each state; those of one are consecutive.
    step : int
        States from one link to the next.
    warm_up : int
        Links before those that count, as far as a trajectory has any.
    n_skipped : int, default=0
        Links at the start of a trajectory that do not count, since frames have no past to turn in
        there; at most a quarter of its links.

    Returns
    -------
    links : ndarray of shape (n_chains, warm_up + n_links)
        Indices of states, all of which have an image `step` further. A chain at the start of a
        trajectory has its first link repeated.
    counts : ndarray of bool, of the same shape
        Links that count; every other state with an image does exactly once.
    """
    cuts = np.flatnonzero(np.diff(segments)) + 1
    starts, stops = np.r_[0, cuts], np.r_[cuts, len(segments)] - step
    total = int(np.maximum(stops - starts, 0).sum())
    n_links = max(1, min(total // N_CHAINS, int((stops - starts).max()) // step + 1))
    first, floor, stop = [], [], []
    for start, end in zip(starts, stops, strict=True):
        for phase in range(start, min(start + step, end)):
            at = np.arange(phase, end, step * n_links)
            first.append(at)
            floor.append(np.full(len(at), phase))
            stop.append(np.full(len(at), end))
    first, floor, stop = np.concatenate(first), np.concatenate(floor), np.concatenate(stop)
    links = first[:, None] + step * np.arange(-warm_up, n_links)
    counts = (links < stop[:, None]) & (np.arange(-warm_up, n_links) >= 0)
    skipped = np.minimum(n_skipped, (stop - floor) // step // 4)
    counts &= links >= (floor + step * skipped)[:, None]
    links = np.clip(links, floor[:, None], None)
    last = floor + (stop - 1 - floor) // step * step
    return np.minimum(links, last[:, None]), counts


def growth_along(jacobians, links, n_vectors, rng):
    """Return the log growth of orthonormal frames at every link.

    Parameters
    ----------
    jacobians : ndarray of shape (n_states, n_dims, n_dims)
        (out, in).
    links : ndarray of shape (n_chains, n_links)
    n_vectors : int
    rng : RandomState
        Of the first frames.

    Returns
    -------
    growth : ndarray of shape (n_chains, n_links, n_vectors)
        Nats.
    """
    n_chains, n_links = links.shape
    frames = rng.standard_normal((n_chains, n_vectors, jacobians.shape[1]))
    backward = jacobians.transpose(0, 2, 1)  # frames hold vectors as rows
    growth = np.empty((n_chains, n_links, n_vectors))
    for link in range(n_links):
        moved = frames @ backward[links[:, link]]
        by_vector = np.ascontiguousarray(moved.transpose(1, 2, 0))
        growth[:, link] = _orthonormalise(by_vector).T
        frames = np.ascontiguousarray(by_vector.transpose(2, 0, 1))
    return np.log(growth, out=growth)


def _orthonormalise(frames):
    """Make vectors of frames (n_vectors, n_dims, n_chains) orthonormal in place; return lengths.

    Modified Gram-Schmidt, over all chains at once: for so few vectors many times faster than a
    decomposition of each frame. Vectors in directions that a map annihilates are left as rounding
    made them.
    """
    lengths = np.empty((frames.shape[0], frames.shape[2]))
    for i, vector in enumerate(frames):
        length = np.sqrt(np.einsum("dc,dc->c", vector, vector))
        vector /= np.maximum(length, np.finfo(float).tiny, out=lengths[i])
        rest = frames[i + 1 :]
        rest -= np.einsum("vdc,dc->vc", rest, vector)[:, None] * vector
    return lengths
