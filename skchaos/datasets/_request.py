"""What the user asked for, checked before any work; and the answer in the form asked for."""

from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from sklearn.utils import Bunch

from skchaos.datasets._exponents import stored_exponents


@dataclass(frozen=True)
class System:
    """What does not depend on the request: names, equations and their source."""

    key: str  # name in the table of exponents
    title: str
    equations: str
    source: str


@dataclass(frozen=True)
class Request:
    """A checked call of one `make_*` function.

    Attributes
    ----------
    system : System
    parameters : dict of str to float or int
        The physical parameters, as Python numbers: arithmetic on NumPy scalars is slower.
    feature_names : list of str
        All columns of the system.
    n_samples : int
    dt : float
    noise : float
    kept : list of int
        Indices of the columns to return, in the order asked for.
    as_frame, return_bunch : bool
    """

    system: System
    parameters: dict
    feature_names: list
    n_samples: int
    dt: float
    noise: float
    kept: list
    as_frame: bool
    return_bunch: bool

    def answer(self, clean, rng):
        """Return the series as the caller asked for it.

        Parameters
        ----------
        clean : ndarray of shape (n_samples, n_features)
            Noise-free rows with all columns.
        rng : RandomState
            Source of the observation noise.

        Returns
        -------
        ndarray or DataFrame of shape (n_samples, n_kept), or Bunch
        """
        data = clean
        if self.noise > 0:
            # Drawn for all columns, so that a kept column is the same whatever else is kept.
            data = clean + self.noise * clean.std(axis=0) * rng.standard_normal(clean.shape)
        data = self._present(data)
        if not self.return_bunch:
            return data
        exponents, standard_errors = stored_exponents(self.system.key, self.parameters)
        return Bunch(
            data=data,
            clean=self._present(clean),
            dt=self.dt,
            equations=self.system.equations,
            feature_names=[self.feature_names[index] for index in self.kept],
            exponents=exponents,
            standard_errors=standard_errors,
            DESCR=self._describe(exponents, standard_errors),
        )

    def _present(self, values):
        values = np.ascontiguousarray(values[:, self.kept])
        if not self.as_frame:
            return values
        import pandas as pd  # here, because most calls and the import of the package need none

        index = pd.Index(self.dt * np.arange(self.n_samples), name="time")
        names = [self.feature_names[column] for column in self.kept]
        return pd.DataFrame(values, index=index, columns=names)

    def _describe(self, exponents, standard_errors):
        if exponents is None:
            spectrum = "not computed for these parameters"
        else:
            pairs = zip(exponents, standard_errors, strict=True)
            spectrum = ", ".join(f"{value:.5g} +- {error:.1g}" for value, error in pairs)
        values = ", ".join(f"{name} = {value:.10g}" for name, value in self.parameters.items())
        return (
            f"{self.system.title}\n\n{self.system.equations}\n\n"
            f"Parameters: {values}\n"
            f"Time between rows: {self.dt:g}; rows: {self.n_samples}\n"
            f"Observation noise: {self.noise:g} standard deviations of each column\n"
            f"Lyapunov exponents per unit of time, descending: {spectrum}\n"
            f"Source: {self.system.source}\n"
        )


def check_request(
    system,
    *,
    parameters,
    feature_names,
    n_samples,
    dt,
    noise,
    columns,
    as_frame,
    return_bunch,
):
    """Return the checked request.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind.
    ValueError
        If a value lies outside of its range, or a column is unknown or named twice.
    """
    check_integer("n_samples", n_samples, lowest=1)
    check_number("dt", dt, above=0.0)
    check_number("noise", noise, lowest=0.0)
    if noise > 0 and n_samples < 2:
        raise ValueError(
            f"noise == {noise!r} is a fraction of the standard deviation, which a single row does "
            "not have: pass n_samples >= 2 or noise=0."
        )
    return Request(
        system=system,
        parameters={name: _python_number(name, value) for name, value in parameters.items()},
        feature_names=feature_names,
        n_samples=int(n_samples),
        dt=float(dt),
        noise=float(noise),
        kept=_column_indices(columns, feature_names),
        as_frame=as_frame,
        return_bunch=return_bunch,
    )


def check_integer(name, value, *, lowest):
    """Raise unless `value` is an integer of at least `lowest`."""
    if isinstance(value, bool | np.bool) or not isinstance(value, Integral):
        raise TypeError(
            f"{name} must be an integer, got {value!r} of type {type(value).__name__}: "
            f"pass an int >= {lowest}."
        )
    if value < lowest:
        raise ValueError(f"{name} == {value!r} must be at least {lowest}: pass a larger int.")


def check_number(name, value, *, lowest=None, above=None, highest=None):
    """Raise unless `value` is a finite real number within the bounds given."""
    bounds = [
        f"{sign} {bound:g}"
        for sign, bound in ((">=", lowest), (">", above), ("<=", highest))
        if bound is not None
    ]
    allowed = " and ".join(["a finite number", *bounds])
    if isinstance(value, bool | np.bool) or not isinstance(value, Real):
        raise TypeError(
            f"{name} must be a number, got {value!r} of type {type(value).__name__}: "
            f"pass {allowed}."
        )
    outside = (
        not np.isfinite(value)
        or (lowest is not None and value < lowest)
        or (above is not None and value <= above)
        or (highest is not None and value > highest)
    )
    if outside:
        raise ValueError(f"{name} == {value!r} is out of range: pass {allowed}.")


def _python_number(name, value):
    check_number(name, value)
    return int(value) if isinstance(value, Integral) and name == "n_features" else float(value)


def _column_indices(columns, feature_names):
    """Return the indices of `columns`, given by name or position; None keeps them all."""
    if columns is None:
        return list(range(len(feature_names)))
    if isinstance(columns, str) or not np.iterable(columns):
        columns = [columns]
    kept = [_column_index(column, feature_names) for column in columns]
    if not kept:
        raise ValueError(f"columns is empty: name at least one of {feature_names}, or pass None.")
    if len(set(kept)) < len(kept):
        raise ValueError(f"columns == {columns!r} names a column twice: name each once.")
    return kept


def _column_index(column, feature_names):
    if isinstance(column, str):
        if column in feature_names:
            return feature_names.index(column)
    elif isinstance(column, Integral) and not isinstance(column, bool):
        if 0 <= column < len(feature_names):
            return int(column)
    else:
        raise TypeError(
            f"columns must hold names or integer positions, got {column!r} of type "
            f"{type(column).__name__}: choose from {feature_names}."
        )
    raise ValueError(
        f"columns contains {column!r}, which is not a column: choose names from {feature_names} "
        f"or positions from 0 to {len(feature_names) - 1}."
    )
