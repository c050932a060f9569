"""Foreign text in a cell of a CSV file."""

import re

from labelwatch.messages.plain import printable

FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""Characters that start a formula in a spreadsheet; in East Asia the full-width forms too."""
_SPLIT = re.compile(rf"([,;\t|][\s\"]*)(?=[{re.escape(''.join(FORMULA))}])")
"""Where a formula would begin, quoted or not, if the spreadsheet used another separator."""


def csv_cell(text: str) -> str:
    """The text on one line; no spreadsheet takes it for a formula."""
    line = printable(text)
    is_formula = line.lstrip().startswith(FORMULA) or text.startswith(("\t", "\r"))
    return _SPLIT.sub(r"\1'", f"'{line}" if is_formula else line)
