"""The checks of `labelwatch doctor`: small functions whose results are findings with evidence.

    context -> configuration | program | way | clock | database | service | board | shops | channels | heartbeat
            -> findings

A check changes nothing, sends no message, and never raises for what it is made to find. Its docstring says what it
checks; the texts of its findings are in the catalogs of the command line.
"""

from labelwatch.doctor.checks import EXAMINATIONS, run_checks
from labelwatch.doctor.context import DoctorContext, open_context
from labelwatch.doctor.finding import Finding, Level, Value

__all__ = ["EXAMINATIONS", "DoctorContext", "Finding", "Level", "Value", "open_context", "run_checks"]
