"""The icalendar library: it reads what we export, and we import what it writes."""

import json
import os
import subprocess
import sys
import tempfile
from datetime import date, datetime, timezone
from pathlib import Path

from icalendar import Calendar, Todo, vRecur

TITLE = "Comma, semicolon; backslash \\ and 🦀 in a line that is long enough to be folded more than once, which is right"
TEXT = "One line\nand another, with; signs"


class Failed(Exception):
    """A check that did not hold; the message is all that the reader needs."""


def same(actual, expected, what):
    if actual != expected:
        raise Failed(f"{what}: expected {expected!r}, got {actual!r}")


def taskhold(binary, home, *arguments):
    done = subprocess.run(
        [binary, *arguments],
        env={"HOME": str(home), "TASKHOLD_DB": str(home / "tasks.db"), "TZ": "Europe/Berlin"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
    )
    if done.returncode != 0:
        raise Failed(f"{arguments}: {done.stderr.decode()}")
    return done.stdout


def line(number, **fields):
    at = "2026-11-01T10:00:00.000Z"
    task = {"id": number, "rev": 1, "title": f"Task {number}", "status": "pending"}
    return json.dumps({**task, "created_at": at, "created_by": "x", "updated_at": at, **fields})


def reads_ours(binary, home):
    tasks = [
        line(1, title=TITLE, description=TEXT, priority="high", due="2026-12-24", tags=["a", "b,c"], project="P, q"),
        line(2, status="in_progress", priority="medium", due="2026-12-24T17:00:00.000Z", parent=1, depends_on=[3]),
        line(3, status="completed", priority="low", completed_at="2026-11-02T10:00:00.000Z"),
        line(4, status="cancelled", defer_until="2026-12-01"),
        line(5, due="2026-12-01T09:00:00.000Z", repeat="FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;UNTIL=20270301"),
    ]
    header = {"format": "taskhold", "version": 2, "last_id": 5, "tasks": 5, "history": False}
    head = json.dumps(header, separators=(",", ":"))
    (home / "in.jsonl").write_text("\n".join([head, *tasks]) + "\n", encoding="utf-8")
    taskhold(binary, home, "import", str(home / "in.jsonl"))
    text = taskhold(binary, home, "export", "--format", "ics")
    calendar = Calendar.from_ical(text)
    same(calendar.errors, [], "what the library finds wrong with the calendar")
    first, second, third, fourth, fifth = todos = calendar.walk("VTODO")
    for todo in todos:
        same(todo.errors, [], "what the library finds wrong with a task")
    same((str(first["SUMMARY"]), str(first["DESCRIPTION"])), (TITLE, TEXT), "text after folds and escapes")
    same([str(word) for word in first["CATEGORIES"].cats], ["a", "b,c"], "categories")
    same(first.decoded("DUE"), date(2026, 12, 24), "a day")
    same(second.decoded("DUE"), datetime(2026, 12, 24, 17, tzinfo=timezone.utc), "an instant")
    print("ok icalendar: text, days and instants of an export")
    same([todo.get("PRIORITY") for todo in todos], [1, 5, 9, None, None], "priorities")
    statuses = ["NEEDS-ACTION", "IN-PROCESS", "COMPLETED", "CANCELLED", "NEEDS-ACTION"]
    same([str(todo["STATUS"]) for todo in todos], statuses, "statuses")
    same(third.decoded("COMPLETED"), datetime(2026, 11, 2, 10, tzinfo=timezone.utc), "the time of completion")
    same(fourth.decoded("DTSTART"), date(2026, 12, 1), "the day it is deferred to")
    print("ok icalendar: priorities and statuses of an export")
    parent, before = second["RELATED-TO"]
    same((str(parent), str(before)), (str(first["UID"]), str(third["UID"])), "relations")
    same(before.params["RELTYPE"], "DEPENDS-ON", "the kind of a relation")
    rule = fifth["RRULE"]
    same((rule["FREQ"], rule["INTERVAL"], rule["BYDAY"]), (["WEEKLY"], [2], ["TU"]), "a rule")
    same(rule["UNTIL"], [datetime(2027, 3, 1, 22, 59, 59, tzinfo=timezone.utc)], "the end of a rule")
    print("ok icalendar: relations and rules of an export")


def writes_for_us(binary, home):
    calendar = Calendar()
    calendar.add("prodid", "-//Example//Calendar//EN")
    calendar.add("version", "2.0")
    todo = Todo()
    todo.add("uid", "one@example.com")
    todo.add("summary", TITLE)
    todo.add("description", TEXT)
    todo.add("dtstamp", datetime(2026, 11, 1, 10, tzinfo=timezone.utc))
    todo.add("due", date(2026, 12, 24))
    todo.add("priority", 3)
    todo.add("categories", ["home", "b,c"])
    todo.add("rrule", vRecur(freq="monthly", bymonthday=24, count=3))
    calendar.add_component(todo)
    part = Todo()
    part.add("summary", "Part")
    part.add("dtstamp", datetime(2026, 11, 1, 10, tzinfo=timezone.utc))
    part.add("related-to", "one@example.com")
    part.add("due", datetime(2026, 12, 24, 17, tzinfo=timezone.utc))
    calendar.add_component(part)
    (home / "in.ics").write_bytes(calendar.to_ical())
    taskhold(binary, home, "import", str(home / "in.ics"))
    first, second = [json.loads(text) for text in taskhold(binary, home, "export").splitlines()[1:]]
    same((first["title"], first["description"]), (TITLE, TEXT), "text after folds and escapes")
    same((first["due"], first["priority"], first["tags"]), ("2026-12-24", "high", ["b-c", "home"]), "fields")
    same(first["repeat"], "FREQ=MONTHLY;BYMONTHDAY=24;COUNT=3", "a rule")
    same((second["parent"], second["due"]), (first["id"], "2026-12-24T17:00:00.000Z"), "a part")
    print("ok icalendar: an import of what the library writes")


def main(binary):
    for check in (reads_ours, writes_for_us):
        with tempfile.TemporaryDirectory() as home:
            os.chmod(home, 0o700)
            check(binary, Path(home))


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except Failed as failure:
        sys.exit(f"FAILED icalendar: {failure}")
