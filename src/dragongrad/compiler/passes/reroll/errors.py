"""Why what repeats stays written out."""


class NoLoopError(Exception):
    """What repeats cannot be a loop; the message says why."""
