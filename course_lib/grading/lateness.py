"""How late somebody is, and what it costs."""

import contextlib
import datetime
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ALLOWED = ("due", "per_day", "grace_hours", "at_most", "unknown_days", "times", "extensions", "days")
# how months begin in the languages that platforms write most
MONTHS = (
    ("jan", "ene", "gen"),
    ("feb", "fév", "fev"),
    ("mar", "mär", "mrz", "maa"),
    ("apr", "avr", "abr"),
    ("may", "mai", "mag", "mei", "maj"),
    ("jun", "juin", "giu"),
    ("jul", "juil", "lug"),
    ("aug", "aoû", "ago"),
    ("sep", "set"),
    ("oct", "okt", "out", "ott"),
    ("nov",),
    ("dec", "dez", "déc", "dic"),
)
CLOCK = re.compile(r"(\d{1,2})[:.h](\d{2})(?:[:.]\d{2})?\s?([ap]\.?m\.?)?", re.IGNORECASE)
DAY_FIRST = re.compile(r"(?<!\d)(\d{1,2})[./](\d{1,2})[./](\d{4})(?!\d)")
YEAR_FIRST = re.compile(r"(?<!\d)(\d{4})(?:[-/.]|[年년] ?)(\d{1,2})(?:[-/.]|[月월] ?)(\d{1,2})(?!\d)")
LONGEST = 100


@dataclass(frozen=True)
class LateRules:
    """What is taken off.

    Attributes:
        due: the time due, None where only the platform says who is late.
        per_day: per cent of all points for each begun day; at_most: per cent.
        grace_hours: of no account.
        unknown_days: for who is late by the platform's word, without a time.
        files: whether the times of the files count where no table says when somebody handed in.
        extensions: days more, or another time, by person. days: how late, by person, whatever else is known.
    """

    due: datetime.datetime | None = None
    per_day: float = 0.0
    grace_hours: float = 0.0
    at_most: float = 100.0
    unknown_days: int = 1
    files: bool = False
    extensions: Mapping[str, float | datetime.datetime] = field(default_factory=dict)
    days: Mapping[str, float] = field(default_factory=dict)

    def share_taken(self, days: int) -> float:
        """Of all points, from 0 to 1."""
        return min(days * self.per_day, self.at_most) / 100

    def days_late(self, who: set[str], is_late: bool, when: datetime.datetime | None) -> int:
        """Begun days.

        Args:
            who: all that the person is called by.
            is_late: what the platform says. when: they handed in, None where nobody knows.
        """
        set_by_hand = next((self.days[name] for name in self.days if name in who), None)
        if set_by_hand is not None:
            return math.ceil(set_by_hand)
        more = next((self.extensions[name] for name in self.extensions if name in who), 0.0)
        if self.due is not None and when is not None:
            due = more if isinstance(more, datetime.datetime) else self.due + datetime.timedelta(days=more)
            over = comparable(when) - comparable(due) - datetime.timedelta(hours=self.grace_hours)
            return max(0, math.ceil(over / datetime.timedelta(days=1)))
        if not is_late or isinstance(more, datetime.datetime):
            return 0
        return max(0, math.ceil(self.unknown_days - more))


def comparable(when: datetime.datetime) -> datetime.datetime:
    """In the time of this machine's place, if it says of which place it is."""
    return when if when.tzinfo is None else when.astimezone().replace(tzinfo=None)


def late_rules(content: Any, name: str) -> LateRules:
    """Read the table [late]. Raises: ValueError."""
    if not isinstance(content, dict):
        raise ValueError(f"{name}: late is {content!r}; allowed: a table")
    if set(content) - set(ALLOWED):
        raise ValueError(f"{name}: late holds {', '.join(map(str, content))}; allowed: {', '.join(ALLOWED)}")
    due = content.get("due")
    if due is not None and not isinstance(due, datetime.datetime):
        raise ValueError(f"{name}: due is {due!s}; allowed: a time such as 2026-03-01T23:59:00")
    found = {}
    for key, low, high in (
        ("per_day", 0, 100),
        ("grace_hours", 0, 1000),
        ("at_most", 0, 100),
        ("unknown_days", 0, 1000),
    ):
        if key in content:
            found[key] = checked(content[key], key, name, low, high)
    if content.get("times", "table") not in ("table", "files"):
        raise ValueError(f"{name}: times is {content['times']!r}; allowed: 'table', 'files'")
    for key in ("extensions", "days"):
        if not isinstance(content.get(key, {}), dict):
            raise ValueError(f"{name}: {key} is {content[key]!r}; allowed: a table of people, [late.{key}]")
    extensions = {}
    for who, value in content.get("extensions", {}).items():
        is_time = isinstance(value, datetime.datetime)
        extensions[called(who)] = value if is_time else checked(value, f"the extension of {who}", name, 0, 1000)
    days = {
        called(who): checked(value, f"days of {who}", name, 0, 1000) for who, value in content.get("days", {}).items()
    }
    return LateRules(due, **found, files=content.get("times") == "files", extensions=extensions, days=days)


def checked(value: Any, what: str, name: str, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"{name}: {what} is {value!r}; allowed: a number from {low} to {high}")
    return float(value)


def called(name: str) -> str:
    """A name as people are looked up by."""
    return " ".join(str(name).casefold().split())


def time_of(text: str) -> datetime.datetime | None:
    """A time as platforms write it: "2026-03-01 23:59", "Sunday, 1 March 2026, 11:59 PM", "1.3.2026 23:59"; or None."""
    text = text.strip()[:LONGEST]
    if text[4:5] == "-":
        with contextlib.suppress(ValueError):
            return datetime.datetime.fromisoformat(text)
    date, rest = date_of(text)
    clock = CLOCK.search(rest)
    hour, minute = (int(clock[1]), int(clock[2])) if clock else (23, 59)
    if clock and clock[3]:
        hour = hour % 12 + (12 if clock[3][0] in "pP" else 0)
    try:
        return None if date is None else datetime.datetime(*date, hour, minute)
    except ValueError:
        return None


def date_of(text: str) -> tuple[tuple[int, int, int] | None, str]:
    """Year, month, day, and the text without them."""
    found = YEAR_FIRST.search(text)
    if found:
        return (int(found[1]), int(found[2]), int(found[3])), text.replace(found[0], " ")
    found = DAY_FIRST.search(text)
    if found:
        return (int(found[3]), int(found[2]), int(found[1])), text.replace(found[0], " ")
    words = re.findall(r"[^\W\d_]+", text.casefold())
    month = next((n for word in words for n, begins in enumerate(MONTHS, 1) if word.startswith(begins)), None)
    clock = CLOCK.search(text)
    numbers = [int(number) for number in re.findall(r"\d{1,4}", text.replace(clock[0], " ") if clock else text)]
    year = next((number for number in numbers if number > 1900), None)
    day = next((number for number in numbers if 1 <= number <= 31), None)
    return ((year, month, day) if month and year and day else None), text
