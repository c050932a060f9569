"""The texts of one language, read from its catalog and checked against the program's keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from babel import Locale

from labelwatch.i18n import load
from labelwatch.messages.plain import spaced

Values = Mapping[str, str]
"""Placeholder values; a name that is missing here is not known for this alert."""

Template = str | tuple[str, ...]
"""A text with placeholders, or several variants of which the first complete one is used."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to do. The first complete variant of headline and advice is used."""

    headline: tuple[str, ...]
    advice: tuple[str, ...]
    steps: tuple[Template, ...]


@dataclass(frozen=True, slots=True)
class CauseWords:
    """The texts of one cause. The first complete variant of headline, why and advice is used."""

    name: str
    headline: tuple[str, ...]
    """What to do now, or what happened: the first line people see."""
    why: tuple[str, ...]
    advice: tuple[str, ...]
    steps: tuple[Template, ...]
    urgent: Remedy | None = None
    """Replaces the usual one when there is only time left to act; None = the usual one says so already."""
    missed: Remedy | None = None
    """Replaces the one that all causes of its stage share."""


@dataclass(frozen=True, slots=True)
class LetterTemplate:
    """What a letter says about one cause and what it asks for; the first complete variant of each."""

    say: tuple[str, ...]
    ask: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LetterWords:
    """One kind of letter. A line of `facts` or `tried` with unknown data is left out."""

    to: str
    subject: tuple[str, ...]
    hello: str
    facts: tuple[str, ...]
    tried: tuple[str, ...]
    close: str
    cause: Mapping[str, LetterTemplate]
    excuse: str = ""
    """What every such letter asks for once the deadline has passed."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Short phrases that every message uses."""

    somebody: str
    mark_notice: str
    mark_warning: str
    mark_critical: str
    mark_resolved: str
    mark_test: str
    reasoned: str
    test: str
    left: str
    late: str
    deadline: str
    deadline_passed: str
    pick_up: str
    pick_up_passed: str
    how: str
    goods: str
    goods_more: str
    evidence: str
    raw: str
    fact: str
    fact_since: str
    proof: str
    over: str
    tally: str
    dark: str
    dark_left: str
    in_shops_left: str
    nearest: str
    nearest_passed: str
    shops: str
    settings: str
    letters: str
    letters_by_hand: str
    letters_button: str
    letters_board: str
    letters_nowhere: str
    letters_here: str
    asked: str
    no_tracking: str
    support: str
    amount: str
    either: str
    answer: str
    empty: str
    shop: str
    carrier: str
    waiting: str
    waiting_at_least: str
    handled: str
    seen: str
    woken: str
    woken_alone: str
    escalated_left: str
    escalated_taken: str
    as_of: str
    last_read: str
    never_read: str
    resolved_took: str
    resolved_left: str
    resolved_late: str
    resolved_in: str
    lasted: str
    lasted_between: str
    calm_rest: str
    usual: str
    chance: str
    chance_unknown: str
    limit: Mapping[str, str]
    """What is waited for -> the sentence about the limit that was learned."""
    spare: str
    bundle_soonest: str
    bundle_latest: str
    group: str
    resolved_group: str
    taken_group: str
    test_group: str
    other_groups: str
    more_how: str
    each: str
    steps_at: str
    steps_at_board: str
    after_quiet: str
    colon: str
    news: str
    nobody_yet: str
    handover: str
    handover_nothing: str
    handover_calm: str
    handover_wide: str
    handover_open: str
    handover_since: str
    handover_needs: str
    handover_needed: str
    past_new: str
    past_in_time: str
    past_late: str
    past_cancelled: str
    past_nothing: str
    waiting_first: str
    today: str
    tomorrow: str
    yesterday: str
    day: str
    after_today: str
    after_tomorrow: str
    after_day: str
    zoned: str
    dated: str
    span: str
    no_later: str
    period: str
    city_zone: str
    under_a_minute: str
    unit_gap: str
    list_gap: str
    sentence_gap: str
    ruled_out: str
    requirement: str
    quoted: str
    quoted_meaning: str
    quoted_foreign: str


@dataclass(frozen=True, slots=True)
class Counts:
    """Phrases with a number in them: plural category of the language -> phrase with {n}."""

    postings: Mapping[str, str]
    shops: Mapping[str, str]
    in_shops: Mapping[str, str]
    of_shops: Mapping[str, str]
    of_labels: Mapping[str, str]
    besides: Mapping[str, str]
    more: Mapping[str, str]
    alerts: Mapping[str, str]
    waiting: Mapping[str, str]
    delivering: Mapping[str, str]
    open: Mapping[str, str]
    taken: Mapping[str, str]
    wide: Mapping[str, str]
    explained: Mapping[str, str]
    orders: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Catalog:
    """All texts of one language; keys of the tables are Ozon's words or the core's ids."""

    language: str
    line: Lines
    count: Counts
    cause: Mapping[str, CauseWords]
    missed: Mapping[str, Remedy]
    """By stage: what to do once the deadline has passed; or once a pick-up has, and Ozon's cutoff has not."""
    setting: Mapping[str, str]
    """By kind of change: what the settings of a shop at Ozon were changed to."""
    setting_value: Mapping[str, str]
    index: Mapping[str, str]
    """The error index of a shop, its zones, and what Ozon charges for."""
    reason: Mapping[str, str]
    severity: Mapping[str, str]
    state: Mapping[str, str]
    """Of an alert that nobody is named for; whose it is, wording.keeper says."""
    outcome: Mapping[str, str]
    certainty: Mapping[str, str]
    zone: Mapping[str, str]
    field: Mapping[str, str]
    value: Mapping[str, Mapping[str, str]]
    """By field: the value that Ozon or labelwatch wrote there, in words."""
    ruled_out: Mapping[str, str]
    """Why a cause is not it."""
    unit: Mapping[str, str]
    tariff: Mapping[str, str]
    doubt: Mapping[str, str]
    calm: Mapping[str, str]
    """By cause: the end of an incident."""
    meaning: Mapping[str, str]
    """By sentence: Ozon's Russian reason for refusing a label."""
    button: Mapping[str, str]
    """The labels of the buttons below a message."""
    press: Mapping[str, str]
    """The answers to a press."""
    letter: Mapping[str, LetterWords]
    requirement: Mapping[str, str]
    status: Mapping[str, str]
    substatus: Mapping[str, str]
    flow: Mapping[str, str]
    league: Mapping[str, str]
    """The league table of carriers, and the letter that goes with it."""
    dispute: Mapping[str, str]
    """The pack for a dispute about one posting."""
    report: Mapping[str, str]
    """The report of a day or a week."""
    proof: Mapping[str, str]
    """By cause: what proves it. In English the rules say so themselves."""

    @property
    def locale(self) -> Locale:
        return Locale.parse(self.language)


@cache
def catalog(language: str) -> Catalog:
    """The texts of a language."""
    return load(language, "messages", Catalog)


def first(variants: Sequence[Template], values: Values) -> str:
    """The first variant whose names are all known; empty when there is none."""
    return next(iter(sayable(variants, values)), "")


def sayable(templates: Sequence[Template], values: Values) -> list[str]:
    """Those templates whose names are all known, filled in."""
    said = []
    for template in templates:
        if not isinstance(template, str):
            said += sayable(template, values)[:1]
            continue
        try:
            said.append(spaced(template.format_map(values)))
        except KeyError:
            continue
    return said


def counted(words: Catalog, forms: Mapping[str, str], n: int) -> str:
    """A phrase with its number, in the plural form that Babel (CLDR) chooses."""
    form = forms.get(words.locale.plural_form(n), forms["other"])
    return form.format(n=n)
