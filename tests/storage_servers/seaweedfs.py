"""SeaweedFS: the strictest S3 that can be had. Checks secrets, MD5 and CRC32, knows keys that may only write."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from tests.storage_servers.answers import Answer
from tests.storage_servers.installed import program
from tests.storage_servers.ports import free_ports
from tests.storage_servers.process import ServerProcess
from tests.storage_servers.s3_client import Keys, S3Client, fresh_keys
from tests.storage_servers.server import BUCKET, Server

_PARTS: Final = ("master", "volume", "filer", "s3")
_PROBE: Final = "is-it-up"


class SeaweedFs(Server):
    """`keys` may do everything; `writer_keys` may put objects and give uploads up, `reader_keys` get and list, in
    `bucket` and those of new_bucket(). new_keys() makes others."""

    def __init__(self, folder: Path) -> None:
        self.keys = fresh_keys("full")
        self.writer_keys = fresh_keys("writer")
        self.reader_keys = fresh_keys("reader")
        self._users: dict[Keys, str] = {}
        self._ports = dict(zip(_PARTS, free_ports(len(_PARTS)), strict=True))
        self._grpc_ports = dict(zip(_PARTS, free_ports(len(_PARTS)), strict=True))
        super().__init__(folder)

    @property
    def client(self) -> S3Client:
        return S3Client(self.endpoint, self.keys)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._ports['s3']}"

    @property
    def writer(self) -> S3Client:
        return replace(self.client, keys=self.writer_keys)

    @property
    def reader(self) -> S3Client:
        return replace(self.client, keys=self.reader_keys)

    async def start(self) -> None:
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        self._write_identities()
        self._cleared_up()
        await super().start()

    async def stop(self) -> None:
        """At once."""
        # Asked nicely it waits for its own parts for ever; it loses nothing when it is not.
        self.kill()
        self._cleared_up()

    def new_keys(self, *actions: str) -> Keys:
        """Another user's, who may do no more than these, by AWS's names: "s3:PutObject". Writing does not include
        deleting here."""
        user = fresh_keys("user").id
        self._iam("CreateUser", {"UserName": user})
        made = self._iam("CreateAccessKey", {"UserName": user})
        statement = {"Effect": "Allow", "Action": actions, "Resource": [f"arn:aws:s3:::{BUCKET}*"]}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self._iam("PutUserPolicy", {"UserName": user, "PolicyName": "only", "PolicyDocument": policy})
        keys = Keys(made.texts("AccessKeyId")[0], made.texts("SecretAccessKey")[0])
        self._users[keys] = user
        return keys

    def revoke(self, keys: Keys) -> None:
        """One of new_keys(): worth nothing from now on, also for an upload that it began."""
        self._iam("DeleteAccessKey", {"UserName": self._users.pop(keys), "AccessKeyId": keys.id})

    def names(self, bucket: str = BUCKET) -> list[str]:
        return self.client.names(bucket)

    def make_bucket(self, name: str) -> None:
        answer = self.client.ask("PUT", f"/{name}")
        assert answer.status == 200 or answer.code.startswith("BucketAlready"), answer

    def remove_bucket(self, name: str) -> None:
        answer = self.client.ask("DELETE", f"/{name}")
        assert answer.status == 204, answer

    def _made_process(self) -> ServerProcess:
        # One volume for each bucket instead of seven, or a few dozen buckets would fill the server.
        environment = {"WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"}
        return ServerProcess(self.folder, self._command(), environment=environment)

    def _command(self) -> list[str]:
        listening = [f"-{part}.port={port}" for part, port in self._ports.items()]
        listening += [f"-{part}.port.grpc={port}" for part, port in self._grpc_ports.items()]
        # Relative, for a socket's whole path may have no more than 107 bytes.
        sockets = ["-filer.localSocket=filer.sock", "-s3.localSocket=s3.sock"]
        quiet = ["-master.telemetry=false", "-s3.port.iceberg=0", "-s3.port.lance=0"]
        # It elects nobody, which takes up to 20 seconds when it was killed before.
        alone = ["-master.peers=none"]
        volumes = ["-master.volumeSizeLimitMB=256", "-volume.max=5000"]
        s3 = ["-filer", "-s3", "-s3.config=identities.json", "-s3.autoCreateBucket=false", "-s3.iam.readOnly=false"]
        addresses = ["-dir=data", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
        words = [*addresses, *listening, *sockets, *quiet, *alone, *volumes, *s3]
        return [str(program("s3", "weed")), "-logtostderr", "server", *words]

    def _write_identities(self) -> None:
        identities = [
            _identity("full", self.keys, "Admin", "Read", "Write", "List", "Tagging"),
            _identity("writer", self.writer_keys, f"Write:{BUCKET}*"),
            _identity("reader", self.reader_keys, f"Read:{BUCKET}*", f"List:{BUCKET}*"),
        ]
        (self.folder / "identities.json").write_text(json.dumps({"identities": identities}))

    def _iam(self, action: str, asked: Mapping[str, str]) -> Answer:
        body = urlencode({"Action": action, "Version": "2010-05-08", **asked}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self.client.ask("POST", "/", headers=headers, body=body)
        assert answer.status == 200, answer
        return answer

    def _is_up(self) -> bool:
        """A bucket can be made before there is a volume for its first object."""
        path = f"/{BUCKET}/{_PROBE}"
        try:
            self.client.ask("PUT", f"/{BUCKET}")
            if self.client.ask("PUT", path, body=b"yes").status != 200:
                return False
            return self.client.ask("DELETE", path).status == 204
        except OSError:
            return False

    def _cleared_up(self) -> None:
        # The only files that it makes outside its folder, and no option names another place.
        for part, port in self._grpc_ports.items():
            Path(f"/tmp/seaweedfs-{part}-grpc-{port}.sock").unlink(missing_ok=True)


def _identity(name: str, keys: Keys, *actions: str) -> dict[str, object]:
    return {
        "name": name,
        "credentials": [{"accessKey": keys.id, "secretKey": keys.secret}],
        "actions": list(actions),
    }
