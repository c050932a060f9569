"""What `labelwatch doctor` looks at: small examinations whose results are findings with evidence.

    patient -> configuration | program | way | clock | database | service | board | shops | channels | heartbeat
            -> findings

An examination changes nothing, sends no message, and never raises for what it was made to find. Its docstring says
what it looks at; the words for what it finds are those of the command line.
"""

from labelwatch.doctor.checks import EXAMINATIONS, run_checks
from labelwatch.doctor.context import DoctorContext, open_context
from labelwatch.doctor.finding import Finding, Level, Value

__all__ = ["EXAMINATIONS", "DoctorContext", "Finding", "Level", "Value", "open_context", "run_checks"]
