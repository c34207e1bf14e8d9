"""A failure that a person can act upon."""


class Failure(Exception):
    """What went wrong and what to do, as one sentence. Printed without a traceback; the exit status is 1."""
