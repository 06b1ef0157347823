"""A /proc that a test writes. Knows what the kernel writes there, and no PBX."""

from pathlib import Path

LISTENING = "0: {address}:{port:04X} 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 {inode} 1\n"
LOOPBACK, EVERYWHERE = "0100007F", "00000000"


class Proc:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "net").mkdir(parents=True)
        (folder / "net" / "tcp").write_text("header\n")

    def add(
        self, pid: int, *command: str, uid: int = 110, umask: str = "0022", files: str = "1024", socket: int = 0
    ) -> None:
        place = self.folder / str(pid)
        (place / "fd").mkdir(parents=True)
        (place / "cmdline").write_text("\0".join(command) + "\0")
        (place / "status").write_text(
            f"Umask:\t{umask}\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\nGid:\t7\t7\t7\t7\nGroups:\t7 8\n"
        )
        (place / "limits").write_text(
            f"Limit  Soft Limit  Hard Limit\nMax open files            {files}   1048576   files\n"
        )
        if socket:
            (place / "fd" / "9").symlink_to(f"socket:[{socket}]")

    def listen(self, port: int, inode: int, *, address: str = LOOPBACK, table: str = "tcp") -> None:
        line = LISTENING.format(address=address, port=port, inode=inode)
        with (self.folder / "net" / table).open("a") as file:
            file.write(line if table == "tcp" else "header\n" + line)
