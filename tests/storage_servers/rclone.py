"""`rclone serve s3` over TLS with an authority of our own: the S3 that answers as strict ones do behind https."""

import shutil
from pathlib import Path

from tests.storage_servers.authority import Authority
from tests.storage_servers.installed import program
from tests.storage_servers.ports import free_ports
from tests.storage_servers.process import ServerProcess
from tests.storage_servers.s3_client import S3Client, fresh_keys
from tests.storage_servers.server import BUCKET, Server


class Rclone(Server):
    """A bucket is a folder. Knows one pair of keys; `ca_file` is whom to trust."""

    def __init__(self, folder: Path) -> None:
        self.keys = fresh_keys("rclone")
        self.authority = Authority(folder / "tls")
        self._port = free_ports(1)[0]
        super().__init__(folder)

    @property
    def client(self) -> S3Client:
        return S3Client(self.endpoint, self.keys, self.ca_file)

    @property
    def endpoint(self) -> str:
        return f"https://127.0.0.1:{self._port}"

    @property
    def ca_file(self) -> Path:
        return self.authority.ca_file

    async def start(self) -> None:
        (self._buckets / BUCKET).mkdir(parents=True, exist_ok=True)
        await super().start()

    def names(self, bucket: str = BUCKET) -> list[str]:
        """Uploads under way are in its memory and cannot be seen."""
        folder = self._buckets / bucket
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())

    def make_bucket(self, name: str) -> None:
        answer = self.client.ask("PUT", f"/{name}")
        assert answer.status == 200 or answer.code.startswith("BucketAlready"), answer

    def remove_bucket(self, name: str) -> None:
        shutil.rmtree(self._buckets / name)

    @property
    def _buckets(self) -> Path:
        return self.folder / "data"

    def _made_process(self) -> ServerProcess:
        tls = ["--cert", str(self.authority.certificate_file), "--key", str(self.authority.key_file)]
        # It remembers for minutes what a folder held, and would not see what a test does to it. With 0s it forgets
        # without a pause, and takes a core for that.
        own = ["--config", "/dev/null", "--cache-dir", "cache", "--temp-dir", "tmp", "--dir-cache-time", "1ms"]
        command = [str(program("s3", "rclone")), "serve", "s3", "--addr", f"127.0.0.1:{self._port}", *tls, *own, "data"]
        # In the environment, where no other user of the machine sees it; the quotes keep the comma.
        return ServerProcess(
            self.folder, command, environment={"RCLONE_AUTH_KEY": f'"{self.keys.id},{self.keys.secret}"'}
        )

    def _is_up(self) -> bool:
        try:
            return self.client.ask("HEAD", f"/{BUCKET}").status == 200
        except OSError:
            return False
