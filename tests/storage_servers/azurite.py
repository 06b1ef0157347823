"""Azurite: Azure's blob storage, with an account of our own and no other service."""

import base64
import secrets
from pathlib import Path

from tests.storage_servers.azure_client import AzureClient
from tests.storage_servers.installed import program
from tests.storage_servers.ports import free_ports
from tests.storage_servers.process import ServerProcess
from tests.storage_servers.server import BUCKET, Server


class Azurite(Server):
    """A bucket is a container. Behind its address stands the account: `endpoint` is http://127.0.0.1:port/account."""

    def __init__(self, folder: Path) -> None:
        self.account = f"callreel{secrets.token_hex(4)}"
        self.key = base64.b64encode(secrets.token_bytes(64)).decode()
        self._port = free_ports(1)[0]
        super().__init__(folder)

    @property
    def client(self) -> AzureClient:
        return AzureClient(self.endpoint, self.account, self.key)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._port}/{self.account}"

    def names(self, bucket: str = BUCKET) -> list[str]:
        return self.client.names(bucket)

    def make_bucket(self, name: str) -> None:
        answer = self.client.ask("PUT", f"/{name}", {"restype": "container"})
        assert answer.status == 201 or answer.code == "ContainerAlreadyExists", answer

    def remove_bucket(self, name: str) -> None:
        answer = self.client.ask("DELETE", f"/{name}", {"restype": "container"})
        assert answer.status == 202, answer

    def _made_process(self) -> ServerProcess:
        own = ["--location", "data", "--skipApiVersionCheck", "--disableTelemetry"]
        listening = ["--blobHost", "127.0.0.1", "--blobPort", str(self._port)]
        command = [str(program("azure", "node")), str(program("azure", "azurite-blob")), *listening, *own]
        return ServerProcess(self.folder, command, environment={"AZURITE_ACCOUNTS": f"{self.account}:{self.key}"})

    def _is_up(self) -> bool:
        try:
            self.make_bucket(BUCKET)
        except OSError:
            return False
        return True
