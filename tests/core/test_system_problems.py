"""Trouble of our own channels, and hand-overs, in the words that alerts travel in."""

from datetime import timedelta

from labelwatch.core.alert import Family, Proof, Reason
from labelwatch.core.lifecycle import reconcile
from labelwatch.core.policy import AlertPolicy
from labelwatch.core.posting import Interval
from labelwatch.core.rules import CAUSES
from labelwatch.core.subject import Channel, Summary
from labelwatch.core.summaries import summary
from labelwatch.core.system_problems import channel_dead
from tests.support.core_builders import NOW

SINCE = NOW - timedelta(minutes=15)


def test_a_dead_channel_is_certain_and_critical_and_of_no_shop() -> None:
    dead = channel_dead("packers", "chat not found", since=SINCE, waiting=3, now=NOW)
    assert (dead.subject, str(dead.subject), dead.shop) == (Channel("packers", 3), "channel:packers", "")
    assert dead.evidence == (Proof("answer", "chat not found", SINCE),)
    assert CAUSES[dead.cause] is dead.family is Family.BLIND
    assert reconcile(None, dead, policy=AlertPolicy(pending_for=timedelta(hours=1)), now=NOW)[1] is Reason.FIRST


def test_a_hand_over_spans_the_time_since_the_last_one_and_names_no_cause() -> None:
    made = summary(Summary("packers"), since=SINCE, at=NOW)
    handed = made.diagnosis
    assert (handed.subject, str(handed.subject)) == (Summary("packers"), "handover:packers")
    assert handed.waiting_since == Interval(SINCE, NOW)
    assert handed.cause not in CAUSES
    assert made.resolved_at == NOW, "it is no open alert"
