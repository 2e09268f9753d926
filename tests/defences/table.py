"""All defences, in the order of what a push goes through."""

from . import deliveries, fetching, importing, linting, verdicts
from .defence import Defence

DEFENCES: tuple[Defence, ...] = (
    *deliveries.DEFENCES,
    *fetching.DEFENCES,
    *linting.DEFENCES,
    *importing.DEFENCES,
    *verdicts.DEFENCES,
)
