"""What Windows lacks is not missed: no module needs it to be imported, and labels stay closed without it."""

import subprocess
import sys
from xml.etree import ElementTree

from labelwatch.sources import Missing
from tests.deploy.wheels import ROOT
from tests.docs.test_commands import COMMANDS

LACKING = ("fcntl", "grp", "pwd", "resource", "syslog", "termios", "tty", "pty", "readline", "curses")
IMPORT_ALL = f"""
import builtins, importlib, pkgutil
real = builtins.__import__
def without(name, variables=None, *rest, **more):
    if name.partition(".")[0] in {LACKING} and str((variables or {{}}).get("__name__")).startswith("labelwatch"):
        raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
    return real(name, variables, *rest, **more)
builtins.__import__ = without
import labelwatch
found = [one.name for one in pkgutil.walk_packages(labelwatch.__path__, "labelwatch.") if "__main__" not in one.name]
for name in found:
    if not name.startswith("labelwatch.migrations"):
        importlib.import_module(name)
print(len(found))
"""


def test_every_module_can_be_imported_without_what_windows_lacks() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORT_ALL], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 100


def test_no_stranger_s_file_is_opened_where_nothing_can_confine_who_reads_it() -> None:
    imports = "import os; from labelwatch.sources.ozon.label_pdf import look"
    asks = f'{imports}; os.name = "nt"; print(look(b"%PDF-1.4 %%EOF").why)'
    done = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True, check=True)
    assert done.stdout == f"{Missing.NO_LIBRARIES}\n"


def test_the_task_runs_the_service_without_an_end_and_one_at_a_time() -> None:
    text = (ROOT / "deploy/labelwatch-task.xml").read_bytes().decode("ascii")
    assert "encoding=" not in text  # the scheduler takes it as UTF-16 inside, and would refuse another one named here
    task = ElementTree.fromstring(text)
    found = {one.tag.partition("}")[2]: one.text or "" for one in task.iter()}
    assert (found["ExecutionTimeLimit"], found["MultipleInstancesPolicy"]) == ("PT0S", "IgnoreNew")
    assert found["DisallowStartIfOnBatteries"] == found["StopIfGoingOnBatteries"] == "false"
    called = found["Arguments"].partition('labelwatch.exe" ')[2].split()[0]
    assert called in COMMANDS
    assert found["RunLevel"] == "LeastPrivilege"
