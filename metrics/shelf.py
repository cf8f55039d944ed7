"""The catalogue as it is now, made ready to be computed: a formula and a publication for each metric.

Does not read files and computes nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from threading import Lock

from metrics.formula import Formula, Leaf, formula_of, leaves_of
from metrics.publishing import DEFINITION, Publication, Publisher
from schemas.catalogue import Catalogue, MetricDefinition
from schemas.measuring import NotComputable


@dataclass(frozen=True, slots=True)
class Edition:
    """One catalogue. `broken`: metrics without a formula, and why."""

    catalogue: Catalogue
    formulas: Mapping[str, Formula]
    publications: Mapping[str, Publication]
    broken: Mapping[str, str]

    def metric(self, metric: str) -> MetricDefinition:
        """Raises KeyError."""
        return self.catalogue.metrics[metric]

    def formula(self, metric: str) -> Formula:
        """Raises KeyError, NotComputable."""
        if metric in self.broken:
            raise NotComputable(self.broken[metric])
        return self.formulas[metric]

    @property
    def leaves(self) -> frozenset[Leaf]:
        return frozenset(leaf for formula in self.formulas.values() for leaf in leaves_of(formula))


class Shelf:
    """Makes a new edition when the source gives another catalogue; safe to use from several threads."""

    def __init__(self, source: Callable[[], Catalogue], publisher: Publisher, today: Callable[[], date]) -> None:
        self._source = source
        self._publisher = publisher
        self._today = today
        self._lock = Lock()
        self._edition: Edition | None = None

    def catalogue(self) -> Catalogue:
        """As it was read last; asks nobody."""
        return self._source()

    def current(self) -> Edition:
        """Raises ReadingUnavailable while what was published of a new metric cannot be looked up."""
        catalogue = self._source()
        edition = self._edition
        if edition is not None and edition.catalogue is catalogue:
            return edition
        with self._lock:
            if self._edition is None or self._edition.catalogue is not catalogue:
                self._edition = self._made(catalogue, self._edition)
            return self._edition

    def _made(self, catalogue: Catalogue, before: Edition | None) -> Edition:
        formulas: dict[str, Formula] = {}
        broken: dict[str, str] = {}
        for metric in catalogue.metrics:
            try:
                formulas[metric] = formula_of(metric, catalogue.metrics)
            except NotComputable as error:
                broken[metric] = str(error)
        wanted = {name: (catalogue.metrics[name], formula) for name, formula in formulas.items()}
        known = dict(before.publications) if before is not None else {}
        kept = {name: known[name] for name, pair in wanted.items() if name in known and _is_same(known[name], *pair)}
        for name, publication in kept.items():
            publication.metric = catalogue.metrics[name]
        new = {name: pair for name, pair in wanted.items() if name not in kept}
        made = self._publisher.publications(new, self._today())
        for one in made:
            old = known.get(one.metric.id)
            if old is not None and old.metric.version == one.metric.version:
                one.reason = DEFINITION
        return Edition(catalogue, formulas, kept | {one.metric.id: one for one in made}, broken)


def _is_same(publication: Publication, metric: MetricDefinition, formula: Formula) -> bool:
    return publication.metric.version == metric.version and publication.formula == formula
