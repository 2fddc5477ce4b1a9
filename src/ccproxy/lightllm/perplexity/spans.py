"""What code and mathematics begin and end with, in the text of an answer.

Nothing here is without a bound that has to wait for what follows it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

OTHER = r"\\[\\`$]|(?P<open>`{1,100}|~{3,100}|\${2,100}|\\\(|\\\[(?![0-9]{1,4}\])|<(?i:pre)(?=[\s>]))|\\\[|"
"""What is escaped, and what code or mathematics begin with."""
PART = r"\\(?:\[[0-9]{0,4})?|`{1,99}|~{1,99}|\${1,99}|<(?i:p(?:re?)?)?|"
"""The beginnings of that."""
LONGEST_PART = 110
"""More characters than a beginning has."""
CLOSERS: Mapping[str, str] = {"$$": "$$", "\\(": "\\)", "\\[": "\\]"}
"""What ends mathematics, by what began them. Code spans end as they began."""
PARAGRAPH = r"\n[ \t\r>]{0,100}\n?"
"""An end of a line, and of the paragraph too if the next line is empty."""
MATHS = re.compile(rf"\\.?|\$\$?|{PARAGRAPH}")
WITHIN: Mapping[str, re.Pattern[str]] = {
    "`": re.compile("`{1,100}|" + PARAGRAPH),
    "~": re.compile("\n"),
    "$": MATHS,
    "\\": MATHS,
    "<": re.compile(r"<(?:/(?i:p(?:r(?:e>?)?)?)?)?"),
}
"""What may end code or mathematics, or change what they are, by the first character of what ends them."""
