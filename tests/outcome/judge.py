"""What the arms are worth beside each other: figures per cause, goals, and the story of each miss that is left."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from labelwatch.core.arrival import KNOWABLE
from labelwatch.replaying.backtest import Backtest
from tests.bench.goals import Goal
from tests.outcome.arm import Books, Told
from tests.outcome.hands import Deed
from tests.outcome.packer import LETTERS, NO_NEWS
from tests.outcome.world import Order

WITHIN = timedelta(minutes=1)
"""So soon after a cutoff somebody must have been told at the latest."""
EARLY = timedelta(hours=1)
"""A letter written later than this before the deadline is never in vain: nobody can tell any more that it comes."""
OWN = "(nothing of its own)"


@dataclass(frozen=True, slots=True)
class Played:
    """One arm when it is over."""

    name: str
    books: Books
    deeds: Sequence[Deed]
    people: int
    days: float

    @property
    def messages_a_day(self) -> float:
        """Messages per person and day."""
        return sum(self.books.messages.values()) / self.people / self.days


@dataclass(frozen=True, slots=True)
class Contest:
    """All arms over the same orders; `best` knew the truth and kept the hours of the staff, `sleepless` kept none."""

    orders: dict[str, Order]
    without: Played
    poller: Played
    watched: Played
    best: Played
    sleepless: Played
    replayed: Backtest
    """What labelwatch told, decided again from what it had stored."""

    @property
    def rescuable(self) -> set[str]:
        """What is missed without labelwatch, and could have been saved by the people there are."""
        return set(self.without.books.missed) - set(self.best.books.missed)

    def rescued(self, arm: Played) -> float:
        """The share of the rescuable that an arm does not miss."""
        saved = self.rescuable - set(arm.books.missed)
        return len(saved) / len(self.rescuable) if self.rescuable else 1.0

    def cause(self, number: str) -> str:
        return self.orders[number].fate.cause or OWN


def told_of(books: Books, number: str, until: datetime) -> list[Told]:
    """What was said of a posting until then; who takes care of it, and that it is over, left out."""
    return [one for one in books.told if one.number == number and one.at <= until and one.reason not in NO_NEWS]


def waited_to_the_end(contest: Contest) -> list[str]:
    """Misses in which the last thing told before the deadline was to wait."""
    books = contest.watched.books
    last = ((number, told_of(books, number, at - timedelta(seconds=1))) for number, at in books.missed.items())
    return [number for number, told in last if told and told[-1].verdict == "wait"]


def untold(contest: Contest) -> list[str]:
    """Misses of which nobody had heard a minute after the deadline."""
    books = contest.watched.books
    return [number for number, at in books.missed.items() if not told_of(books, number, at + WITHIN)]


def knowable(contest: Contest, arm: Played) -> set[str]:
    """What an arm misses for a reason that is known as soon as the order arrives."""
    return {number for number in arm.books.missed if contest.cause(number) in KNOWABLE}


def prevention(contest: Contest) -> str:
    """What became of the orders whose trouble is known when they arrive."""
    alone, watched = knowable(contest, contest.without), knowable(contest, contest.watched)
    beyond = watched - contest.rescuable
    told = {one.number for one in contest.watched.books.told if one.reason == "arrival"}
    return (
        f"of causes known at arrival {len(alone)} were missed by the staff alone and {len(watched)} with labelwatch, "
        f"of which nobody there could have saved {len(beyond)}; {len(told)} orders were told of as new"
    )


def reach(contest: Contest) -> str:
    """How much of what the staff alone misses could have been saved, and by whom."""
    alone, watched = set(contest.without.books.missed), set(contest.watched.books.missed)
    at_all = alone - set(contest.sleepless.books.missed)
    return (
        f"{len(alone)} missed by the staff alone: {len(contest.rescuable)} could be rescued in their hours or when "
        f"the owner is woken in the last hour, {len(at_all)} by a staff that never sleeps; labelwatch rescued "
        f"{len(contest.rescuable - watched)} and {len(at_all - watched)} of them"
    )


def in_vain(contest: Contest, arm: Played) -> set[str]:
    """Orders that somebody wrote letters about though they came by themselves and time was left."""
    letters = [deed for deed in arm.deeds if deed.action in LETTERS]
    return {
        deed.subject
        for deed in letters
        if (order := contest.orders[deed.subject]).fate.heals
        and deed.subject not in arm.books.missed
        and deed.at < order.deadline - EARLY
    }


def lead(contest: Contest, arm: Played, numbers: Iterable[str]) -> float | None:
    """The median of the minutes between the first that was told of a late order and its deadline."""
    first: dict[str, datetime] = {}
    for told in arm.books.told:
        if not told.is_outage:
            first.setdefault(told.number, told.at)
    lefts = [(contest.orders[one].deadline - first[one]).total_seconds() / 60 for one in numbers if one in first]
    return median(lefts) if lefts else None


def goals(contest: Contest) -> list[Goal]:
    """What is to be reached."""
    return [
        Goal("rescued, of what could be rescued", contest.rescued(contest.watched), at_least=0.99),
        Goal(
            "misses of causes known at arrival, of what could be rescued",
            len(knowable(contest, contest.watched) & contest.rescuable),
            at_most=0,
        ),
        Goal("misses in which the last thing told was to wait", len(waited_to_the_end(contest)), at_most=0),
        Goal("misses told to nobody within a minute of the cutoff", len(untold(contest)), at_most=0),
        Goal(
            "messages per person and day, of the plain poller's",
            contest.watched.messages_a_day / max(contest.poller.messages_a_day, 1e-9),
            at_most=1 / 3,
        ),
        Goal("false alarms", len(contest.watched.books.false), at_most=0),
    ]


def stories(contest: Contest) -> list[str]:
    """Each miss of labelwatch's arm: one line with the reason, then what happened."""
    missed = sorted(contest.watched.books.missed, key=lambda number: contest.orders[number].deadline)
    return [line for number in missed for line in (_headline(contest, number), *_events(contest, number))]


def _headline(contest: Contest, number: str) -> str:
    order = contest.orders[number]
    due = _clock(order, contest.watched.books.missed[number])
    return f"{number} {contest.cause(number)}, {order.site.shop.name}, due {due}: {_why(contest, number)}"


def _why(contest: Contest, number: str) -> str:
    books, order = contest.watched.books, contest.orders[number]
    told = told_of(books, number, order.deadline)
    if number in contest.sleepless.books.missed:
        return "nobody could have saved it"
    if number in contest.best.books.missed:
        return f"only work while nobody was there to be told could have saved it; {_last_letter(order)}"
    if not told:
        return "nobody was told in time"
    if told[-1].verdict == "wait":
        return "people were told to wait"
    deeds = [one for one in contest.watched.deeds if one.subject == number and told[0].at < one.at <= order.deadline]
    left = int((order.deadline - told[0].at).total_seconds() / 60)
    if not deeds:
        return f"told {left} min before, nothing was done"
    done = ", ".join(dict.fromkeys(one.action for one in deeds))
    return f"told {left} min before; what was done ({done}) came too late; {_last_letter(order)}"


def _last_letter(order: Order) -> str:
    """The letter that could be written latest and still have helped, so that it can be seen who was up by then."""
    letters = [
        (order.deadline - timedelta(minutes=effect.events[0].minutes), action)
        for action, effect in order.fate.effects.items()
        if action in LETTERS and effect.events
    ]
    if not letters:
        return "no letter could help, only packing it before it was late"
    at, action = max(letters)
    return f"the last letter that could help was {action} at {_clock(order, at)}"


def _events(contest: Contest, number: str) -> list[str]:
    order, books = contest.orders[number], contest.watched.books
    events = [(order.came, "arrives")]
    deeds = (one for one in contest.watched.deeds if one.subject == number)
    events += [(one.at, f"{one.who}: {one.action}{'' if one.took else ' (refused)'}") for one in deeds]
    events += [(one.at, f"told {one.person}: {_said(one)}") for one in books.told if one.number == number]
    events += [(at, "label is there") for found, at in books.served.items() if found == number]
    return [f"    {_clock(order, at)}  {what}" for at, what in sorted(events)]


def _said(told: Told) -> str:
    return f"{'outage, ' if told.is_outage else ''}{told.reason} {told.cause}, {told.verdict}"


def _clock(order: Order, at: datetime) -> str:
    return f"{order.site.local(at):%d %b %H:%M}"


def by_cause(contest: Contest) -> list[tuple[str, list[str]]]:
    """Cause -> its orders that anybody missed or was told of, the most missed first."""
    arms: Sequence[Played] = (contest.without, contest.poller, contest.watched)
    touched = {number for arm in arms for number in (*arm.books.missed, *(one.number for one in arm.books.told))}
    groups: dict[str, list[str]] = {}
    for number in sorted(touched):
        groups.setdefault(contest.cause(number), []).append(number)
    missed = contest.without.books.missed

    def weight(item: tuple[str, list[str]]) -> tuple[int, str]:
        return -sum(number in missed for number in item[1]), item[0]

    return sorted(groups.items(), key=weight)
