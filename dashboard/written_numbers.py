"""Numbers, money and days as text in English and French, for what is read without a browser: e-mail, Markdown, text.

Does not decide which numbers: it only spells them, as `static/format.js` does in a browser.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from schemas.catalogue import MetricDefinition, Unit
from schemas.definitions import Language

NO_VALUE = "–"
_NARROW, _FIRM = "\u202f", "\u00a0"
"""Spaces that never break a line; French groups digits with the narrow one."""

_DECIMALS: Mapping[Unit, int] = {"count": 0, "ratio": 1, "money": 0, "score": 1, "multiple": 1, "bytes": 0}
_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}
_SPANS = (("unit_day", 86_400), ("unit_hour", 3_600), ("unit_minute", 60), ("unit_second", 1))
_MONTHS: Mapping[Language, str] = {
    "en": "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec",
    "fr": "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
}
_LONG_SPANS: Mapping[Unit, tuple[str, str]] = {
    "days": ("digest_days", "digest_one_day"),
    "months": ("digest_months", "digest_one_month"),
    "years": ("digest_years", "digest_one_year"),
}


@dataclass(frozen=True, slots=True)
class Spelling:
    """How one reader reads. `texts`: the words of the language; `currency`: its code."""

    language: Language
    currency: str
    texts: Mapping[str, str]

    def value(self, metric: MetricDefinition, value: Decimal | None) -> str:
        """A value of a metric with its unit; a ratio is shown in per cent."""
        if value is None:
            return NO_VALUE
        decimals = _DECIMALS.get(metric.unit, 1) if metric.decimals is None else metric.decimals
        match metric.unit:
            case "ratio":
                return self.number(value * 100, decimals) + self._percent
            case "money":
                return self.money(value, decimals)
            case "seconds":
                return self._duration(value)
            case "multiple":
                return f"{self.number(value, decimals)}{_NARROW}×"
            case "days" | "months" | "years":
                many, one = _LONG_SPANS[metric.unit]
                return f"{self.number(value, decimals)}{_FIRM}{self.texts[one if abs(value) == 1 else many]}"
            case _:
                return self.number(value, decimals)

    def change(self, metric: MetricDefinition, now: Decimal | None, before: Decimal | None) -> str:
        """The way from one value to another: points for a ratio, per cent for all else; empty when there is none."""
        if now is None or before is None:
            return ""
        if metric.unit == "ratio":
            return f"{self._signed((now - before) * 100, 1)}{_FIRM}{self.texts['points']}"
        return "" if before == 0 else self._signed((now - before) / abs(before) * 100, 1) + self._percent

    def share(self, metric: MetricDefinition, share: Decimal) -> str:
        """A part of a change, with its sign, in the metric's own unit."""
        sign = "+" if share > 0 else "−" if share < 0 else ""
        if metric.unit == "ratio":
            return f"{self._signed(share * 100, 1)}{_FIRM}{self.texts['points']}"
        return sign + self.value(metric, abs(share))

    def money(self, amount: Decimal, decimals: int | None = None) -> str:
        """An amount in the workspace's currency; cents only where there are some, unless told."""
        shown = (0 if amount == amount.to_integral_value() else 2) if decimals is None else decimals
        symbol = _SYMBOLS.get(self.currency, self.currency)
        number = self.number(abs(amount), shown)
        sign = "−" if amount < 0 and number.strip("0.,") else ""
        if self.language == "fr":
            return f"{sign}{number}{_FIRM}{symbol}"
        return f"{sign}{symbol}{number}" if symbol in _SYMBOLS.values() else f"{sign}{symbol}{_FIRM}{number}"

    def number(self, value: Decimal, decimals: int) -> str:
        rounded = value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
        text = f"{abs(rounded):,f}"
        if self.language == "fr":
            text = text.replace(",", _NARROW).replace(".", ",")
        return ("−" if rounded < 0 else "") + text

    def day(self, day: date, with_year: bool = False) -> str:
        month = _MONTHS[self.language].split()[day.month - 1]
        return f"{day.day} {month} {day.year}" if with_year else f"{day.day} {month}"

    def days(self, first: date, last: date) -> str:
        """A range with its year: `16–22 Nov 2026`."""
        if first == last:
            return self.day(last, with_year=True)
        if (first.year, first.month) == (last.year, last.month):
            return f"{first.day}–{self.day(last, with_year=True)}"
        return f"{self.day(first, first.year != last.year)} – {self.day(last, with_year=True)}"

    @property
    def _percent(self) -> str:
        return f"{_NARROW}%" if self.language == "fr" else "%"

    def _signed(self, value: Decimal, decimals: int) -> str:
        text = self.number(value, decimals)
        return f"+{text}" if value > 0 and text.strip("0.,") else text

    def _duration(self, seconds: Decimal) -> str:
        name, size = next((span for span in _SPANS if abs(seconds) >= span[1]), _SPANS[-1])
        return f"{self.number(seconds / size, 1)}{_FIRM}{self.texts[name]}"
