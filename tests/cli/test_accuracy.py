"""`cause` and `causes --accuracy`: what it really was, and how often the named cause was right."""

from tests.support.place import Place


def test_nobody_has_judged_yet(place: Place) -> None:
    place.run("poll")
    assert "Nobody has said yet" in place.run("causes", "--accuracy").out


def test_a_judgement_is_kept_and_counted(seen: Place) -> None:
    late = seen.run("late", "--json").json["alerts"]
    first, second = late[0], late[1]
    done = seen.run("cause", first["posting_number"], first["cause"], "--by", "anna")
    assert (done.code, "right" in done.out) == (0, True)
    wrong = "arbitration" if second["cause"] != "arbitration" else "not_packed"
    assert f"named as {second['cause']}" in seen.run("cause", second["posting_number"], wrong).out
    counted = seen.run("causes", "--accuracy", "--json").json
    assert (counted["right"], counted["total"]) == (1, 2)
    assert {"named": second["cause"], "really": wrong, "count": 1} in counted["verdicts"]


def test_a_word_that_is_no_cause_and_a_posting_that_was_never_late_are_refused(seen: Place) -> None:
    number = seen.run("late", "--json").json["alerts"][0]["posting_number"]
    odd = seen.run("cause", number, "not_pakced")
    assert (odd.code, "did you mean not_packed?" in odd.err) == (2, True)
    assert seen.run("cause", "1-1-1", "not_packed").code == 1
