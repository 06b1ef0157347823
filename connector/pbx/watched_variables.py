"""Which channel variables are told to the house: our own, and those that the configuration names. Pure."""

_OURS = ("CALLREEL", "callreel_")
#: Our own book-keeping of recorders on Asterisk.
_BOOK_KEEPING = "CALLREEL_REC_"


class WatchedVariables:
    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def name(self, written: str) -> str:
        """The variable's plain name; "" for one that nobody watches. One or two underscores before it only say that
        channels to come inherit it."""
        plain = written.removeprefix("_").removeprefix("_")
        is_ours = plain.startswith(_OURS) and not plain.startswith(_BOOK_KEEPING)
        return plain if is_ours or plain in self._names else ""
