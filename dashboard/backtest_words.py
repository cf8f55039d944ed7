"""What a backtest says in words, in English and French: its summary, what it cannot know, lengths of time.

Does not decide what is said.
"""

from collections.abc import Mapping
from decimal import Decimal

from dashboard.written_numbers import Spelling
from schemas.backtests import Backtest, Limit
from schemas.definitions import Language

Words = Mapping[str, str]

_ENGLISH: Words = {
    "known_now": "Values are as known today: late events, united people and corrections of later days are in them.",
    "whole_buckets": "Values while a bucket was running are not known: each was judged once, at its end.",
    "hours": "Looked at once an hour, and whenever a wait of the rule was over.",
    "occurred": "Silences are between the times of events; the live rule looks at when they were received.",
    "nothing_waits": "Nobody knows when data was bad, silenced or held back: here no incident waits for it.",
    "short_history": "There is less history than the rule compares with: the first buckets may have no verdict.",
    "incidents": "{n} incidents ({week} a week)",
    "incident": "1 incident ({week} a week)",
    "flaps": "{n} of them flaps",
    "firing": "firing {share} of the time",
    "median": "half of them shorter than {median}",
    "over": "over its noise budget: {most} in the worst 30 days, {budget} allowed",
    "within": "within its noise budget: {most} in the worst 30 days, {budget} allowed",
    "missing": "without data: {n} of {all} buckets",
    "tried": "Other thresholds over the same days",
    "makes": "{condition} – {n} incidents",
    "makes_one": "{condition} – 1 incident",
    "legend": "firing",
    "hour": "hours",
    "silence": "Hours since the last one",
    "judged": "judged over {days}",
    "min": "min",
    "h": "h",
    "d": "d",
}

_FRENCH: Words = {
    "known_now": "Valeurs connues aujourd'hui : événements tardifs, personnes réunies et corrections y sont comprises.",
    "whole_buckets": "Les valeurs en cours de période ne sont pas connues : une période est jugée une fois, à sa fin.",
    "hours": "Une vérification par heure, et chaque fois qu'un délai de la règle s'achève.",
    "occurred": "Les silences sont mesurés entre les heures des événements ; la règle regarde celles de réception.",
    "nothing_waits": "Nul ne sait quand les données étaient mauvaises ou l'alerte en sourdine : rien n'attend ici.",
    "short_history": "L'historique est plus court que la comparaison : les premières périodes sont sans verdict.",
    "incidents": "{n} incidents ({week} par semaine)",
    "incident": "1 incident ({week} par semaine)",
    "flaps": "dont {n} instables",
    "firing": "active {share} du temps",
    "median": "la moitié sous {median}",
    "over": "au-delà de son budget de bruit : {most} dans les 30 pires jours, {budget} permis",
    "within": "dans son budget de bruit : {most} dans les 30 pires jours, {budget} permis",
    "missing": "sans données : {n} périodes sur {all}",
    "tried": "Autres seuils sur les mêmes jours",
    "makes": "{condition} – {n} incidents",
    "makes_one": "{condition} – 1 incident",
    "legend": "alerte active",
    "hour": "heures",
    "silence": "Heures depuis le dernier",
    "judged": "jugée sur {days}",
    "min": "min",
    "h": "h",
    "d": "j",
}

WORDS: Mapping[Language, Words] = {"en": _ENGLISH, "fr": _FRENCH}


def limit_in_words(limit: Limit, language: Language) -> str:
    return WORDS[language][limit]


def summary(found: Backtest, spelling: Spelling) -> list[str]:
    """How often and for how long, and whether that is too much; one fact each."""
    words, count = WORDS[spelling.language], len(found.incidents)
    week = spelling.number(Decimal(str(round(found.incidents_per_week, 2))), 1)
    facts = [words["incident" if count == 1 else "incidents"].format(n=count, week=week)]
    if found.flaps:
        facts.append(words["flaps"].format(n=found.flaps))
    if found.median_seconds is not None:
        share = f"{spelling.number(Decimal(str(found.share_firing * 100)), 1)}\u202f%"
        facts.append(words["firing"].format(share=share))
        facts.append(words["median"].format(median=length(found.median_seconds, spelling)))
    budget = words["over" if found.is_over_budget else "within"]
    facts.append(budget.format(most=found.most_in_30_days, budget=found.noise_budget))
    if found.buckets_without_data:
        facts.append(words["missing"].format(n=found.buckets_without_data, all=found.buckets))
    return facts


def length(seconds: float, spelling: Spelling) -> str:
    """Like `3.5 h`."""
    words = WORDS[spelling.language]
    for unit, size in (("d", 86_400), ("h", 3_600)):
        if seconds >= size:
            return f"{spelling.number(Decimal(str(seconds / size)), 1)}\u00a0{words[unit]}"
    return f"{spelling.number(Decimal(str(seconds / 60)), 0)}\u00a0{words['min']}"
