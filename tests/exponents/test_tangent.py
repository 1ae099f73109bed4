"""Chains cover states once and stay on trajectories; frames grow as products of Jacobians do."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skchaos.exponents._tangent import growth_along, make_chains

LAYOUTS = {
    "one": [500],
    "several": [300, 40, 7, 200],
    "short ones": [6] * 30,
    "some shorter than a step": [60, 2, 1, 50, 1],
}


def segments_of(lengths):
    return np.repeat(np.arange(len(lengths)), lengths)


@pytest.fixture(params=[(name, step) for name in LAYOUTS for step in (1, 2, 5)], ids=str)
def layout(request):
    """Return segments and a step that the longest of them holds."""
    name, step = request.param
    return segments_of(LAYOUTS[name]), step


def with_image(segments, step):
    return [
        i
        for i in range(len(segments))
        if i + step < len(segments) and segments[i + step] == segments[i]
    ]


class TestChains:
    @pytest.mark.parametrize("warm_up", [0, 10])
    def test_every_state_with_an_image_counts_once(self, layout, warm_up):
        segments, step = layout
        links, counts = make_chains(segments, step, warm_up)
        assert sorted(links[counts].tolist()) == with_image(segments, step)

    def test_links_follow_each_other_on_one_trajectory(self, layout):
        segments, step = layout
        links, counts = make_chains(segments, step, 10)
        assert np.isin(links, with_image(segments, step)).all()
        assert (segments[links] == segments[links[:, :1]]).all()
        apart = np.diff(links, axis=1)
        assert np.isin(apart, [0, step]).all()
        assert (apart[counts[:, 1:] & counts[:, :-1]] == step).all()
        # A link is repeated where there is no earlier one, or no later one.
        is_first = ~np.isin(links - step, with_image(segments, step))
        is_first |= segments[links - step] != segments[links]
        before = (apart == 0) & ~counts[:, :-1] & (np.cumsum(counts, axis=1)[:, :-1] == 0)
        assert is_first[:, :-1][before].all()

    def test_warm_up_precedes_what_counts(self):
        links, counts = make_chains(segments_of([2000]), 3, 20)
        first = counts.argmax(axis=1)
        assert (first >= 20).all()
        inside = links[np.arange(len(links)), first] >= 60  # where the past is long enough
        assert inside.any()
        behind = links[np.arange(len(links)), first] - links[:, first.min() - 20]
        assert (behind[inside] == 60).all()

    def test_skipped_links_do_not_count(self):
        segments = segments_of([100, 200, 8])
        links, counts = make_chains(segments, 2, 5, n_skipped=3)
        # Of the last trajectory, three links long, no quarter is a whole link.
        expected = [*range(6, 98), *range(106, 298), *range(300, 306)]
        assert sorted(links[counts].tolist()) == expected

    def test_at_most_a_quarter_is_skipped(self):
        links, counts = make_chains(segments_of([101]), 1, 5, n_skipped=1000)
        assert sorted(links[counts].tolist()) == list(range(25, 100))

    def test_many_are_carried_side_by_side(self):
        # What makes it fast: links one after the other are few.
        links, _ = make_chains(segments_of([20_000]), 1, 30)
        assert links.shape[1] < 1000


def grow(jacobians, n_vectors, n_links=None, seed=0):
    """Return growth along one chain that visits the Jacobians in order.

    Frames are orthonormal after the first link, which in use is part of a warm-up.
    """
    links = np.arange(len(jacobians) if n_links is None else n_links)[None]
    return growth_along(jacobians, links, n_vectors, np.random.RandomState(seed))[0]


class TestGrowth:
    @pytest.fixture
    def jacobians(self, global_random_seed):
        # Rows of different sizes: exponents lie apart, and first frames are soon forgotten.
        sizes = np.array([[4.0], [2.0], [1.0], [0.5]])
        return sizes * np.random.default_rng(global_random_seed).normal(size=(300, 4, 4))

    def test_of_all_directions_is_the_determinant(self, jacobians):
        growth = grow(jacobians, 4)
        assert growth.shape == (300, 4)
        expected = np.log(np.abs(np.linalg.det(jacobians)))
        assert_allclose(growth.sum(axis=1)[1:], expected[1:], rtol=1e-8, atol=1e-8)

    def test_of_a_diagonal_is_its_logarithm(self):
        rates = np.array([0.5, 0.0, -0.7, -3.0])
        growth = grow(np.tile(np.diag(np.exp(rates[[2, 0, 3, 1]])), (100, 1, 1)), 3)
        assert_allclose(growth[60:], np.broadcast_to(rates[:3], (40, 3)), atol=1e-8)

    def test_of_rotations_is_none(self, jacobians):
        assert_allclose(grow(np.linalg.qr(jacobians)[0], 2)[1:], 0, atol=1e-12)

    def test_scales_with_the_jacobians(self, jacobians):
        assert_allclose(grow(3 * jacobians, 2)[1:], grow(jacobians, 2)[1:] + np.log(3), atol=1e-9)

    def test_agrees_with_a_plain_loop(self, jacobians):
        frame = np.linalg.qr(np.random.default_rng(1).normal(size=(4, 4)))[0]
        expected = []
        for jacobian in jacobians:
            frame, upper = np.linalg.qr(jacobian @ frame)
            expected.append(np.log(np.abs(np.diag(upper))))
        # The first frame is another one, and forgotten after a while.
        for n_vectors in (1, 2, 4):
            found = grow(jacobians, n_vectors)
            assert_allclose(found[100:], np.array(expected)[100:, :n_vectors], atol=1e-6)

    def test_leading_vectors_do_not_know_of_further_ones(self, jacobians):
        assert_allclose(grow(jacobians, 1)[100:, 0], grow(jacobians, 3)[100:, 0], atol=1e-6)

    def test_is_finite_where_a_jacobian_is_singular(self, jacobians):
        jacobians[50] = np.outer(jacobians[50, :, 0], jacobians[50, 0])
        jacobians[60] = 0
        assert np.isfinite(grow(jacobians, 4)).all()

    def test_recovers_from_a_map_onto_a_line(self, jacobians):
        jacobians[50] = np.outer(jacobians[50, :, 0], jacobians[50, 0])
        assert_allclose(grow(jacobians, 3)[120:], grow(jacobians[51:], 3)[69:], atol=1e-6)

    def test_chains_do_not_touch_each_other(self, jacobians):
        links = np.array([np.arange(200), np.arange(100, 300)])
        both = growth_along(jacobians, links, 2, np.random.RandomState(0))
        assert both.shape == (2, 200, 2)
        # A hundred links on, the second chain is where the first one was, with the same frames.
        assert_allclose(both[0, 150:], grow(jacobians, 2)[150:200], atol=1e-6)
        assert_allclose(both[1, 100:], grow(jacobians, 2)[200:], atol=1e-6)

    def test_is_that_of_the_seed(self, jacobians):
        assert_array_equal(grow(jacobians, 2, seed=5), grow(jacobians, 2, seed=5))
