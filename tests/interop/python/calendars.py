"""Series of every zone, as the icalendar and recurring-ical-events libraries expand what we export, beside our own dates.

Each zone is expanded twice: by its name, which the library looks up in its own data, and under a name that nobody knows, so that
the VTIMEZONE of the file counts. By default a few zones of each kind are compared; with --all every zone that we know, ten years
each, which takes minutes: tests/interop/run BINARY --calendars.
"""

import json
import subprocess
import sys
import tempfile
import zoneinfo
from datetime import datetime, timezone
from pathlib import Path

import recurring_ical_events
from icalendar import Calendar

# Zones whose clocks change in ways that differ: never, at midnight, by half an hour, backwards, often, no longer, and on the other
# side of the world.
SOME = [
    "Africa/Cairo", "Africa/Casablanca", "America/Asuncion", "America/Havana", "America/Los_Angeles", "America/New_York",
    "America/Nuuk", "America/Santiago", "America/Sao_Paulo", "America/St_Johns", "Antarctica/Troll", "Asia/Beirut", "Asia/Gaza",
    "Asia/Jerusalem", "Asia/Kathmandu", "Asia/Tokyo", "Atlantic/Azores", "Australia/Lord_Howe", "Australia/Sydney",
    "Europe/Berlin", "Europe/Dublin", "Europe/London", "Pacific/Apia", "Pacific/Auckland", "Pacific/Chatham", "Pacific/Honolulu",
    "Pacific/Kiritimati", "Pacific/Norfolk", "Pacific/Pago_Pago", "UTC",
]
FIRST, YEARS = 2026, 10
# The rules of zones that come with the packages: those of the system may be years old.
zoneinfo.reset_tzpath([])
# The hours at which clocks are changed, and one at which they are not.
SERIES = [
    ("night", {"due": "{year}-11-29T02:30[{zone}]", "repeat": "FREQ=WEEKLY;BYDAY=SU"}),
    ("midnight", {"due": "{year}-11-27T00:15[{zone}]", "repeat": "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR,SU"}),
    # Due when its day begins: it has a DTSTART alone.
    ("dawn", {"due": "{year}-11-29T00:00[{zone}]", "repeat": "FREQ=WEEKLY;BYDAY=SU"}),
    ("month", {"due": "{year}-11-30T17:00[{zone}]", "repeat": "FREQ=MONTHLY;BYMONTHDAY=-1"}),
    ("starts", {
        "defer_until": "{year}-11-28T09:00[{zone}]",
        "due": "{year}-12-01T18:00[{zone}]",
        "repeat": "FREQ=WEEKLY;BYDAY=SA;X-FROM=START",
    }),
]


class Failed(Exception):
    """A check that did not hold; the message is all that the reader needs."""


def ran(program, *arguments, home=None, given=b""):
    environment = {"TZ": "UTC"}
    if home is not None:
        environment |= {"HOME": str(home), "TASKHOLD_DB": str(home / "tasks.db")}
    done = subprocess.run([program, *arguments], env=environment, input=given, capture_output=True, timeout=300)
    if done.returncode != 0:
        raise Failed(f"{arguments}: {done.stderr.decode()}")
    return done.stdout


def series_of(zones):
    """Returns a file of ours with each series in each of the zones."""
    at = f"{FIRST}-11-01T10:00:00.000Z"
    lines = []
    for zone in zones:
        for kind, dates in SERIES:
            number = len(lines) + 1
            task = {"id": number, "rev": 1, "title": f"{kind} {zone}", "status": "pending"}
            task |= {"created_at": at, "created_by": "x", "updated_at": at}
            task |= {name: text.format(year=FIRST, zone=zone) for name, text in dates.items()}
            lines.append(json.dumps(task))
    header = {"format": "taskhold", "version": 2, "last_id": len(lines), "tasks": len(lines), "history": False}
    return "\n".join([json.dumps(header, separators=(",", ":")), *lines]) + "\n"


def expanded(text, field):
    """Returns the dates of each series up to the last year, by its title, as the library has them."""
    dates = {}
    calendar = Calendar.from_ical(text)
    if calendar.errors:
        raise Failed(f"what the library finds wrong with the calendar: {calendar.errors}")
    begin, end = datetime(FIRST, 11, 1, tzinfo=timezone.utc), datetime(FIRST + YEARS, 12, 15, tzinfo=timezone.utc)
    for todo in recurring_ical_events.of(calendar, components=["VTODO"]).between(begin, end):
        title = str(todo["SUMMARY"])
        at = todo.decoded(field[title] if field[title] in todo else "DTSTART")
        dates.setdefault(title, []).append(int(at.timestamp()))
    return {title: sorted(at) for title, at in dates.items()}


def is_skipped(at, zone):
    """Reports whether the clocks of the zone skip the time that is meant by an instant, which is that of the offset before."""
    there = zoneinfo.ZoneInfo(zone)
    local = datetime.fromtimestamp(at, there)
    before = datetime.fromtimestamp(at - 6 * 3600, there).utcoffset()
    meant = (datetime.fromtimestamp(at, timezone.utc) + before).replace(tzinfo=None)
    return meant != local.replace(tzinfo=None) and meant.replace(tzinfo=there).astimezone(timezone.utc).timestamp() == at


def compare(binary, example, zones):
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        home.chmod(0o700)
        (home / "in.jsonl").write_text(series_of(zones), encoding="utf-8")
        ran(binary, "import", str(home / "in.jsonl"), home=home)
        text = ran(binary, "export", "--format", "ics", home=home).decode()
        exported = ran(binary, "export", home=home)
        own = [json.loads(line) for line in ran(example, "dates", str(FIRST + YEARS), given=exported).splitlines()]
    field = {series["title"]: "DTSTART" if series["field"] == "defer_until" else "DUE" for series in own}
    unknown = text.replace("TZID:", "TZID:Of-Ours/").replace("TZID=", "TZID=Of-Ours/")
    last = int(datetime(FIRST + YEARS, 12, 1, tzinfo=timezone.utc).timestamp())
    count = 0
    for name, calendar in [("by its name", text), ("by the VTIMEZONE", unknown)]:
        theirs = expanded(calendar, field)
        for series in own:
            title = series["title"]
            ours = [at for at in series["dates"] if at < last]
            found = [at for at in theirs.get(title, []) if at < last]
            if calendar is unknown and len(ours) == len(found):
                # By a VTIMEZONE the library reads a time that is skipped with the offset after the change; RFC 5545, 3.3.5, has the
                # one before.
                zone = title.split(" ")[1]
                found = [own if at != own and is_skipped(own, zone) else at for own, at in zip(ours, found)]
            if ours != found:
                shown = lambda all, others: [str(datetime.fromtimestamp(at, timezone.utc)) for at in all if at not in others][:3]
                raise Failed(
                    f"{title}, the zone {name}: {len(ours)} dates of ours, {len(found)} of the library's;"
                    f" ours alone {shown(ours, found)}, theirs alone {shown(found, ours)}"
                )
            count += len(ours)
    return count


def main(arguments):
    binary = arguments[-1]
    example = Path(binary).parent / "examples" / "calendars"
    if not example.exists():
        raise Failed(f"{example} is not there; build it with: cargo build --examples")
    known = ran(example, "zones").decode().split()
    zones = known if "--all" in arguments else [zone for zone in SOME if zone in known]
    if "--all" not in arguments and zones != SOME:
        raise Failed(f"these are no zones here: {sorted(set(SOME) - set(zones))}")
    count = 0
    for place in range(0, len(zones), 30):
        count += compare(binary, example, zones[place : place + 30])
    print(f"ok calendars: {count} dates of {len(SERIES)} series in {len(zones)} zones, {YEARS} years, are those of the library")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Failed as failure:
        sys.exit(f"FAILED calendars: {failure}")
