"""All checks, in the order of the report."""

from collections.abc import Callable, Iterator

from labelwatch.doctor.board import board
from labelwatch.doctor.channels import channels, heartbeat
from labelwatch.doctor.context import DoctorContext
from labelwatch.doctor.database import database
from labelwatch.doctor.finding import Finding
from labelwatch.doctor.machine import clock, configuration, labels, methods, program, way
from labelwatch.doctor.service import service
from labelwatch.doctor.shops import shops

Examination = Callable[[DoctorContext], Iterator[Finding]]

EXAMINATIONS: tuple[Examination, ...] = (
    program,
    methods,
    configuration,
    way,
    clock,
    database,
    service,
    board,
    shops,
    channels,
    labels,
    heartbeat,
)


def run_checks(context: DoctorContext) -> Iterator[Finding]:
    """Every finding, as soon as it is made. StoreError only if the database fails meanwhile."""
    for examination in EXAMINATIONS:
        yield from examination(context)
