"""The populations in memory, one per namespace in use."""

from __future__ import annotations

from collections.abc import Callable

from cachetools import LRUCache

from foreword.store import ProfileReader
from scheduler.agent.population import PopulationView

# A view takes up to half a megabyte; with more tenants than this at once, the least recently used is read again.
_VIEWS_MAX = 64


class Populations:
    """Holds the populations of the namespaces used last, equal to what is stored.

    A view changes inside a transaction that stores it; `forget` all when that fails.

    Args:
        profiles: Where they are stored.
        half_life_days: Returns the half-life in force.
    """

    def __init__(self, profiles: ProfileReader, half_life_days: Callable[[], float]) -> None:
        self._profiles = profiles
        self._half_life_days = half_life_days
        self._views: LRUCache[str, PopulationView] = LRUCache(_VIEWS_MAX)

    def view(self, namespace: str) -> PopulationView:
        """Return the population of a namespace."""
        view = self._views.get(namespace)
        if view is None:
            row = self._profiles.population(namespace)
            view = PopulationView.from_proto(row, self._half_life_days())
            self._views[namespace] = view
        return view

    def forget(self) -> None:
        """Read the stored populations again when they are next needed."""
        self._views.clear()
