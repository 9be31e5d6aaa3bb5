"""The browser parts of the app: JavaScript, CSS and HTML that Python hands to the browser as they are."""

import re
from pathlib import Path

_FOLDER = Path(__file__).parent
_INCLUDE = re.compile(r"<!-- include (\w+\.html) -->")


def source(*names: str) -> str:
    """Return the text of the named files of this folder, joined by line breaks, in the given order.

    JavaScript files joined this way share one module: a file may use what the files before it declare. In HTML, the comment
    “include NAME” stands for the file of that name, a part that several components have.
    Raises FileNotFoundError when a name is not a file of this folder.
    """
    return "\n".join(_INCLUDE.sub(lambda part: source(part[1]), (_FOLDER / name).read_text(encoding="utf-8")) for name in names)
