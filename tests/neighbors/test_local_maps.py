from types import SimpleNamespace

import numpy as np
import pytest
from scipy.spatial import cKDTree

from skchaos.datasets import make_henon
from skchaos.neighbors._global_map import QuadraticMap
from skchaos.neighbors._local_maps import LocalMap, fit_local_maps, make_chains, tangent_growth
from skchaos.neighbors._rows import Points


def fit(values, images, at, settings):
    """Fit maps at points `at` to their nearest others."""
    distances, nearest = cKDTree(values).query(values[at], k=settings.n_neighbors + 1)
    return fit_local_maps(
        values, images, values[at], images[at], distances[:, 1:], nearest[:, 1:], settings
    )


@pytest.fixture
def cloud(global_random_seed):
    return np.random.RandomState(global_random_seed).standard_normal((500, 3))


@pytest.mark.parametrize("quadratic", [False, True])
def test_jacobian_of_a_linear_map_is_its_matrix(cloud, quadratic):
    matrix = np.array([[0.9, 0.2, 0.0], [-0.4, 1.1, 0.3], [0.0, 0.5, -0.2]])  # (from, to)
    settings = LocalMap(3, 40, quadratic)
    errors, jacobians = fit(cloud, cloud @ matrix + 0.7, np.arange(20), settings)
    np.testing.assert_allclose(errors, 0, atol=1e-6)
    np.testing.assert_allclose(jacobians, np.broadcast_to(matrix, (20, 3, 3)), atol=1e-6)


def test_jacobian_of_the_henon_map():
    X = make_henon(2000, random_state=0)
    at = np.arange(50)
    errors, jacobians = fit(X[:-1], X[1:], at, LocalMap(2, 30))
    exact = np.zeros((50, 2, 2))
    exact[:, 0, 0], exact[:, 1, 0], exact[:, 0, 1] = -2.8 * X[at, 0], 1, 0.3
    # The attractor is so thin that the tiny ridge shows in the direction across it.
    np.testing.assert_allclose(errors, 0, atol=1e-6)
    np.testing.assert_allclose(jacobians, exact, atol=2e-2)


def test_only_the_leading_directions_are_kept(cloud):
    plane, _ = np.linalg.qr(np.random.RandomState(1).standard_normal((5, 2)))
    values = cloud[:, :2] @ plane.T
    _, jacobians = fit(values, 1.5 * values, np.arange(5), LocalMap(2, 30))
    # Along the plane displacements grow by 1.5, across it they are not followed.
    np.testing.assert_allclose(
        jacobians, 1.5 * np.broadcast_to(plane @ plane.T, (5, 5, 5)), atol=1e-6
    )


def test_the_center_is_no_part_of_its_fit(cloud):
    images = cloud.copy()
    images[0] += 1.0  # one false future
    errors, _ = fit(cloud, images, np.array([0]), LocalMap(3, 40, False))
    np.testing.assert_allclose(errors, -1.0, atol=1e-6)


def test_blocks_of_fits_do_not_change_them(cloud, monkeypatch):
    images, settings = cloud**2, LocalMap(3, 40)
    whole = fit(cloud, images, np.arange(30), settings)
    monkeypatch.setattr("skchaos.neighbors._local_maps.BLOCK_SIZE", 1)
    for one, other in zip(whole, fit(cloud, images, np.arange(30), settings), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_growth_of_an_eigenvector_is_its_eigenvalue():
    jacobians = np.broadcast_to(np.array([[2.0, 0.0], [1.0, -0.5]]), (2, 6, 2, 2))
    growth = tangent_growth(jacobians, np.array([[3.0, 0.0], [1.0, 0.0]]))
    np.testing.assert_allclose(growth, np.log(2))


def test_growth_adds_up_to_that_of_the_product(global_random_seed):
    jacobians = np.random.RandomState(global_random_seed).standard_normal((1, 5, 3, 3))
    start = np.array([[1.0, 0.0, 0.0]])
    product = start @ np.linalg.multi_dot(jacobians[0])
    growth = tangent_growth(jacobians, start)
    assert growth.sum() == pytest.approx(np.log(np.linalg.norm(product)))


@pytest.mark.parametrize("lengths", [[500], [40, 60, 50], [30] * 20, [200, 3, 180]])
@pytest.mark.parametrize("n_steps", [1, 7])
def test_chains_stay_on_trajectories(lengths, n_steps):
    segments = np.repeat(np.arange(len(lengths)), lengths)
    points = Points(np.zeros((len(segments), 1)), np.arange(len(segments)), segments)
    chains = make_chains(points, n_steps, 100)
    assert chains.size >= 10
    assert (np.diff(chains, axis=1) == n_steps).all()
    assert (segments[chains + n_steps] == segments[chains[:, :1]]).all()


def test_no_chain_in_trajectories_that_are_too_short():
    points = Points(np.zeros((12, 1)), np.arange(12), np.repeat(np.arange(4), 3))
    assert make_chains(points, 3, 100).size == 0


def test_global_quadratic_map_is_exact_for_one(global_random_seed):
    rng = np.random.RandomState(global_random_seed)
    linear, bilinear = 0.3 * rng.standard_normal((4, 4)), 0.03 * rng.standard_normal((4, 4, 4))
    rows, segments = [], np.repeat(np.arange(60), 5)
    for start in rng.standard_normal((60, 4)):
        rows.append(start)
        for _ in range(4):
            y = rows[-1]
            rows.append(0.1 + y @ linear + np.einsum("i,j,ijk", y, y, bilinear))
    rows = np.array(rows)
    found = QuadraticMap(SimpleNamespace(rows=rows, segments=segments))
    assert found.error < 1e-6
    y = rows[7]
    exact = linear + np.einsum("j,ijk->ik", y, bilinear + np.swapaxes(bilinear, 0, 1))
    np.testing.assert_allclose(found.jacobians(rows[7:8])[0], exact, atol=1e-5)
