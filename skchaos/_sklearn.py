"""The only module that touches names which scikit-learn does not promise to keep."""

from functools import wraps

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils import _safe_indexing
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import (
    _check_feature_names_in,
    check_is_fitted,
    has_fit_parameter,
    validate_data,
)

__all__ = [
    "HasMethods",
    "Interval",
    "StrOptions",
    "check_is_fitted",
    "fit_method",
    "has_fit_parameter",
    "input_names",
    "take_rows",
    "validate_data",
]


def fit_method(fit):
    """Decorate `fit`: parameters are validated first, and a fit that fails leaves all as it was.

    An estimator that refuses new rows, or whose training diverges, is still fitted on the old ones.
    """
    validated = _fit_context(prefer_skip_nested_validation=False)(fit)

    @wraps(fit)
    def fit_or_restore(self, *args, **kwargs):
        before = vars(self).copy()
        try:
            return validated(self, *args, **kwargs)
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise

    return fit_or_restore


def input_names(estimator, input_features=None):
    """Return the names of the columns that an estimator takes, after comparing those given."""
    return _check_feature_names_in(estimator, input_features)


def take_rows(values, indices):
    """Return some rows of an array or a frame; None stays None."""
    return None if values is None else _safe_indexing(values, np.asarray(indices))
