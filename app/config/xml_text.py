"""XML as Wazuh's readers want it: one element a line, several roots, nothing to decode.

The C readers decode no entities while the Python ones do, a backslash before ``<`` swallows the
end of an element, and the control script searches the file line by line. So a value that would
need escaping never gets here: it is a defect of the checks before, and said as such.
"""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree as ET

#: Printable ASCII without & < > " ' \ (the readers' common ground).
_PLAIN: Final = re.compile(r"[ !#$%()*+,\-./0-9:;=?@A-Z\[\]^_`a-z{|}~]+")
#: Bytes of a text or an attribute value; Wazuh's buffer holds one more.
LONGEST_VALUE: Final = 20479

Value = str | int | bool


def leaf(tag: str, value: Value, **attributes: str) -> ET.Element:
    """Element with a text; ``True`` and ``False`` become ``yes`` and ``no``.

    Raises ValueError for a text or an attribute that the readers would not read back as it is.
    """
    element = ET.Element(tag, {key: _plain(tag, text) for key, text in attributes.items()})
    element.text = _plain(tag, _text(value))
    return element


def section(tag: str, *children: ET.Element, **attributes: str) -> ET.Element:
    """Element with ``children``, at least one: an empty section is refused by every daemon."""
    if not children:
        raise ValueError(f"section <{tag}> would be empty")
    element = ET.Element(tag, {key: _plain(tag, text) for key, text in attributes.items()})
    element.extend(children)
    return element


def document(root: str, *sections: ET.Element) -> str:
    """One root with ``sections``: no XML declaration, two blanks a level, newline at the end."""
    element = section(root, *sections)
    ET.indent(element)
    return ET.tostring(element, encoding="unicode") + "\n"


def wrapped(root: str, content: str) -> str:
    """One root around a user's ``content``, which stays as it is."""
    end = "" if content.endswith("\n") else "\n"
    return f"<{root}>\n{content}{end}</{root}>\n"


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _plain(tag: str, text: str) -> str:
    if len(text) > LONGEST_VALUE or _PLAIN.fullmatch(text) is None:
        raise ValueError(f"<{tag}> would hold a text that Wazuh cannot read back")
    return text
