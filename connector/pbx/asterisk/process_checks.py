"""What doctor says of an Asterisk's process on this machine: how much it may open, and whether it still reads. Pure."""

from connector.domain.diagnosis import Finding, note, ok, warning
from connector.pbx.processes import PbxProcess

_PILE_BYTES = 64 * 1024
_FEW_FILES = 4096


def open_files_finding(process: PbxProcess | None) -> Finding:
    subject = "open files"
    if process is None:
        return note(subject, "how many files Asterisk may open cannot be seen from here; 1024 are too few")
    if process.open_files is not None and process.open_files < _FEW_FILES:
        calls = process.open_files // 16
        what = f"Asterisk may open {process.open_files} files: beyond some {calls} recorded calls it spins"
        return warning(subject, what, "LimitNOFILE=65536 in its systemd unit, or maxfiles=65536 in asterisk.conf")
    return ok(subject, f"Asterisk may open {process.open_files or 'any number of'} files")


def sockets_finding(process: PbxProcess | None) -> Finding:
    """An Asterisk whose SIP is dead goes on answering at its manager interface; what phones send then piles up."""
    subject = "sockets"
    if process is None:
        return note(subject, "whether Asterisk reads what phones send cannot be seen from here")
    port, size = process.unread
    if size > _PILE_BYTES:
        what = f"{size} bytes wait unread at Asterisk's UDP port {port}: is its SIP dead while AMI answers?"
        mend = "if calls no longer move (FRACK in its log, queues in 'core show taskprocessors'), restart it"
        return warning(subject, what, mend)
    return ok(subject, "Asterisk reads what phones send")
