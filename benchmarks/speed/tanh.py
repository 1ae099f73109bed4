"""Coefficients of the tanh in skchaos/core/_loops/_cells.py.

    python benchmarks/speed/tanh.py

x P(x^2) / Q(x^2) with polynomials of degree four, by least squares on [0, 9] whose weights are
raised where the relative error is large (Lawson, 1961) and linearised (Sanathanan & Koerner, 1963).
Prints the coefficients and the largest errors, exact and in float32.
"""

import numpy as np

LARGEST, DEGREE, N_POINTS, N_ITERATIONS = 9.0, 4, 4000, 200


def fit() -> tuple[np.ndarray, np.ndarray, float]:
    x = LARGEST * np.sin(np.linspace(1e-3, np.pi / 2, N_POINTS))
    powers = np.vander((x / LARGEST) ** 2, DEGREE + 1, increasing=True)
    y = np.tanh(x) / x
    weight, below = np.ones(N_POINTS), np.ones(N_POINTS)
    for _ in range(N_ITERATIONS):
        columns = np.hstack([powers, -y[:, None] * powers[:, 1:]])
        scale = np.sqrt(weight) / (y * below)
        found = np.linalg.lstsq(columns * scale[:, None], y * scale, rcond=None)[0]
        above, below = powers @ found[: DEGREE + 1], 1 + powers[:, 1:] @ found[DEGREE + 1 :]
        error = np.abs(above / below / y - 1)
        weight *= np.sqrt(error / error.mean())
        weight /= weight.mean()
    units = LARGEST ** (2.0 * np.arange(DEGREE + 1))
    return found[: DEGREE + 1] / units, np.r_[1.0, found[DEGREE + 1 :]] / units, error.max()


def main() -> None:
    above, below, error = fit()
    print("P", [float(f"{value:.9g}") for value in above])
    print("Q", [float(f"{value:.9g}") for value in below])
    x = np.linspace(-LARGEST, LARGEST, 2_000_001, dtype=np.float32)
    x = x[x != 0]
    p, q = above.astype(np.float32), below.astype(np.float32)
    value = x * np.polynomial.polynomial.polyval(x * x, p)
    value /= np.polynomial.polynomial.polyval(x * x, q)
    rounded = np.abs(value / np.tanh(x.astype(np.float64)) - 1).max()
    print(f"largest relative error {error:.1e}, in float32 {rounded:.1e}")


if __name__ == "__main__":
    main()
