"""The populations in memory, one per namespace in use."""

from __future__ import annotations

from collections.abc import Callable

from cachetools import LRUCache

from foreword.store import ProfileReader
from foreword.synonyms import NO_SYNONYMS, Synonyms
from scheduler.agent.population import PopulationView

# A view takes up to half a megabyte; with more tenants than this at once, the least recently used is read again.
_VIEWS_MAX = 64


class Populations:
    """Holds the populations of the namespaces used last, equal to what is stored.

    A view changes inside a transaction that stores it; `forget` all when that fails.

    Args:
        profiles: Where they are stored.
        half_life_days: Returns the half-life in force.
        synonyms_of: Returns which topics of a namespace mean the same now.
    """

    def __init__(
        self,
        profiles: ProfileReader,
        half_life_days: Callable[[], float],
        synonyms_of: Callable[[str], Synonyms] = lambda _namespace: NO_SYNONYMS,
    ) -> None:
        self._profiles = profiles
        self._half_life_days = half_life_days
        self._synonyms_of = synonyms_of
        self._views: LRUCache[str, PopulationView] = LRUCache(_VIEWS_MAX)

    def view(self, namespace: str) -> PopulationView:
        """Return the population of a namespace, under the synonyms in force."""
        view, synonyms = self._views.get(namespace), self._synonyms_of(namespace)
        if view is None or view.synonyms.digest != synonyms.digest:
            row = self._profiles.population(namespace) if view is None else view.to_proto()
            told = None if view is None else view.told
            view = PopulationView.from_proto(row, self._half_life_days(), synonyms)
            view.told = told
            self._views[namespace] = view
        return view

    def forget(self) -> None:
        """Read the stored populations again when they are next needed."""
        self._views.clear()
