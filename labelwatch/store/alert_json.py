"""Alerts and diagnoses as the database keeps them: JSON, with a subject under the name of its kind."""

from dataclasses import MISSING, fields
from typing import Any, get_args, get_type_hints

import msgspec

from labelwatch.core.alert import Alert, Diagnosis
from labelwatch.core.subject import Channel, Database, Incident, Polls, PostingId, Shop, Subject, Summary


class _Subject(msgspec.Struct, frozen=True, omit_defaults=True):
    """A subject under the name of its kind; the others are not stored."""

    posting: PostingId | None = None
    shop: Shop | None = None
    incident: Incident | None = None
    channel: Channel | None = None
    database: Database | None = None
    polls: Polls | None = None
    shift: Summary | None = None


KINDS: dict[type[Subject], str] = {get_args(hint)[0]: kind for kind, hint in get_type_hints(_Subject).items()}


def _stored(core: type, **others: type) -> type[msgspec.Struct]:
    """How a dataclass of the core is stored; `others` are the fields that are stored in another form."""
    hints = get_type_hints(core) | others
    made: list[tuple[str, type] | tuple[str, type, Any]] = []
    for f in fields(core):
        if f.default is not MISSING:
            made.append((f.name, hints[f.name], f.default))
        elif f.default_factory is not MISSING:
            made.append((f.name, hints[f.name], msgspec.field(default_factory=f.default_factory)))
        else:
            made.append((f.name, hints[f.name]))
    return msgspec.defstruct(core.__name__, made, frozen=True)


_Diagnosis = _stored(Diagnosis, subject=_Subject)
_Alert = _stored(Alert, diagnosis=_Diagnosis)

_write = msgspec.json.Encoder().encode
_read_diagnosis = msgspec.json.Decoder(_Diagnosis).decode
_read_alert = msgspec.json.Decoder(_Alert).decode


def write_diagnosis(diagnosis: Diagnosis) -> str:
    return _write(_stored_diagnosis(diagnosis)).decode()


def read_diagnosis(text: str) -> Diagnosis:
    return _diagnosis(_read_diagnosis(text))


def write_alert(alert: Alert) -> str:
    """An alert as a notification keeps it."""
    return _write(_values(alert, Alert, diagnosis=_stored_diagnosis(alert.diagnosis))).decode()


def read_alert(text: str) -> Alert:
    stored: Any = _read_alert(text)
    return Alert(**_values(stored, Alert, diagnosis=_diagnosis(stored.diagnosis)))


def _stored_diagnosis(diagnosis: Diagnosis) -> dict[str, Any]:
    return _values(diagnosis, Diagnosis, subject={KINDS[type(diagnosis.subject)]: diagnosis.subject})


def _diagnosis(stored: Any) -> Diagnosis:
    (subject,) = (one for kind in KINDS.values() if (one := getattr(stored.subject, kind)) is not None)
    return Diagnosis(**_values(stored, Diagnosis, subject=subject))


def _values(one: object, core: type[Alert | Diagnosis], **others: object) -> dict[str, Any]:
    return {f.name: getattr(one, f.name) for f in fields(core)} | others
