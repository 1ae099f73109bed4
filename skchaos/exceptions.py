"""Named warnings, so that a user can silence or escalate one of them alone."""

from sklearn.exceptions import ConvergenceWarning


class DivergenceWarning(ConvergenceWarning):
    """Training met a loss that is not finite, or a free run left the range of numbers."""


class PoorFitWarning(ConvergenceWarning):
    """Free runs of the fitted model do not behave like the rows set aside."""


class DegenerateDataWarning(UserWarning):
    """Columns that do not vary or are copies of others, or rows that are copies of each other."""


class NotChaoticWarning(UserWarning):
    """A default that is measured on chaos fell back because the series shows none."""


class NoiseKeptWarning(UserWarning):
    """Noise was to be taken from the training rows, and could not be."""


class ExtrapolationWarning(UserWarning):
    """A forecast begins or is led far outside the values that the model was fitted on."""


class InterruptedWarning(UserWarning):
    """Training was interrupted from the keyboard; the best state so far was kept."""


class NoEmbeddingWarning(UserWarning):
    """No number of delays was found that determines what comes next."""
