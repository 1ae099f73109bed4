"""Warnings that point at the line of the user, however deep in the package they are raised."""

import os
import sys
import warnings
from pathlib import Path

import joblib
import sklearn

# Frames to pass over: ours, and those of pipelines, searches and decorators around a fit.
MODULES = (sys.modules[__package__], sklearn, joblib)
WITHIN = tuple(f"{Path(module.__file__).parent}{os.sep}" for module in MODULES)


def warn(message: str, category: type[Warning]) -> None:
    """Issue a warning at the first line that called from outside."""
    frame, stacklevel = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(WITHIN):
        frame, stacklevel = frame.f_back, stacklevel + 1
    warnings.warn(message, category, stacklevel=stacklevel)
