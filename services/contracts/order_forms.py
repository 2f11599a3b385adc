"""What kinds of fields a house's form for buyers has, and how long answers may be: for who asks and who keeps."""

from __future__ import annotations

from enum import Enum

# Of one line, and of several.
MAX_ANSWER_CHARS = 200
MAX_LINES_CHARS = 2_000
# Of an order, and what one of them may consist of.
MAX_ANSWERS = 2_000
MAX_VALUES = 100


class FormFieldKind(Enum):
    """What is answered. Values are what stores keep; names as in balcon.catalogue.v1.FormFieldKind."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    CHOICES = "choices"
    CHECKBOX = "checkbox"
    COUNTRY = "country"
    PHONE = "phone"
    EMAIL = "email"
    ADDRESS = "address"
