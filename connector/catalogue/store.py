"""The catalogue as a whole: one database and, for each port, the class that fills it. Holds no SQL itself.

The vault is not among them: it wants the house's key, which only some have.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from connector.catalogue.audit_rows import AuditRows
from connector.catalogue.call_mark_rows import CallMarkRows
from connector.catalogue.call_rows import CallRows
from connector.catalogue.call_search_rows import CallSearchRows
from connector.catalogue.changed_settings_rows import ChangedSettingRows
from connector.catalogue.changes import ChangeRows
from connector.catalogue.command_rows import CommandRows
from connector.catalogue.database import Database
from connector.catalogue.due_rows import DueRows
from connector.catalogue.erasure_rows import ErasureRows
from connector.catalogue.health_rows import HealthRows
from connector.catalogue.keeping_rows import KeepingRows
from connector.catalogue.key_rows import KeyRows
from connector.catalogue.node_rows import NodeRows
from connector.catalogue.notification_rows import NotificationRows
from connector.catalogue.pin_rows import PinRows
from connector.catalogue.request_rows import RequestRows
from connector.catalogue.search_rows import SearchRows
from connector.catalogue.seen_agent_rows import SeenAgentRows
from connector.catalogue.shipping_rows import ShippingRows
from connector.catalogue.statistics_rows import StatisticsRows
from connector.catalogue.transcription_rows import TranscriptionRows
from connector.catalogue.upload_rows import UploadRows
from connector.domain.ids import Moment
from connector.ports.accounts import Accounts
from connector.ports.audit_log import AuditLog
from connector.ports.call_ledger import CallLedger
from connector.ports.call_marks import CallMarks
from connector.ports.call_search import CallSearch
from connector.ports.changed_settings import ChangedSettings
from connector.ports.changes import Changes
from connector.ports.commands import Commands
from connector.ports.dues import Dues
from connector.ports.erasure_ledger import ErasureLedger
from connector.ports.health_ledger import HealthLedger
from connector.ports.keeping_ledger import KeepingLedger
from connector.ports.nodes import Nodes
from connector.ports.notification_ledger import NotificationLedger
from connector.ports.pins import Pins
from connector.ports.request_book import RequestBook
from connector.ports.search_ledger import SearchLedger
from connector.ports.seen_agents import SeenAgents
from connector.ports.shipping_ledger import ShippingLedger
from connector.ports.statistics_ledger import StatisticsLedger
from connector.ports.transcription_ledger import TranscriptionLedger
from connector.ports.uploads import Uploads


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    calls: CallLedger
    shipping: ShippingLedger
    transcriptions: TranscriptionLedger
    search: SearchLedger
    health: HealthLedger
    statistics: StatisticsLedger
    changes: Changes
    call_search: CallSearch
    call_marks: CallMarks
    dues: Dues
    keeping: KeepingLedger
    erasures: ErasureLedger
    commands: Commands
    requests: RequestBook
    nodes: Nodes
    uploads: Uploads
    notifications: NotificationLedger
    pins: Pins
    accounts: Accounts
    audit: AuditLog
    changed_settings: ChangedSettings
    seen_agents: SeenAgents
    database: Database

    @staticmethod
    def open(url: str, *, now: Callable[[], Moment] = time.time) -> "Catalogue":
        """Connects at the first question, not here; `schema.check` says whether the tables are the right ones."""
        database = Database.open(url)
        return Catalogue(
            calls=CallRows(database),
            shipping=ShippingRows(database, now),
            transcriptions=TranscriptionRows(database, now),
            search=SearchRows(database),
            health=HealthRows(database),
            statistics=StatisticsRows(database),
            changes=ChangeRows(database),
            call_search=CallSearchRows(database),
            call_marks=CallMarkRows(database),
            dues=DueRows(database),
            keeping=KeepingRows(database),
            erasures=ErasureRows(database),
            commands=CommandRows(database),
            requests=RequestRows(database),
            nodes=NodeRows(database),
            uploads=UploadRows(database, now),
            notifications=NotificationRows(database, now),
            pins=PinRows(database, now),
            accounts=KeyRows(database),
            audit=AuditRows(database),
            changed_settings=ChangedSettingRows(database),
            seen_agents=SeenAgentRows(database),
            database=database,
        )

    async def close(self) -> None:
        await self.database.close()
