"""Asterisk's configuration files as the rig writes them: everything on loopback, nothing but what calls need.

Knows Asterisk's syntax; starts nothing.
"""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.pbx.modules import MODULES

DIALPLAN: Final = Path(__file__).with_name("dialplan.conf")
#: Endpoints that the queues, Dial and PickupChan name; each rings the phone under its own name.
AGENTS: Final = tuple(f"agent{number}" for number in range(1, 7))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    sip: int
    ami: int
    http: int
    phone: int
    #: Nobody listens there unless a test does: for FastAGI.
    agi: int
    rtp_first: int
    rtp_last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A manager user. Rights as in manager.conf."""

    user: str
    secret: str
    read: str
    write: str
    more: str = ""


# Secrets are new each time: whoever else is on the machine may not use an Asterisk that stays up.
#: What the driver under test gets, and no more.
DRIVER: Final = Login(
    user="callreel",
    secret=secrets.token_hex(16),
    read="call,dialplan,agent,dtmf,user",
    write="system,call,reporting",
)
#: What the rig itself may do.
ADMIN: Final = Login(user="admin", secret=secrets.token_hex(16), read="all", write="all")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a test wants beside the rig's own configuration."""

    #: Appended to extensions.conf; may reopen [phones] with another line of that name.
    dialplan: str = ""
    #: File name to text that is appended to it, or to a new file.
    snippets: Mapping[str, str] = field(default_factory=dict)
    #: Replaces the driver's user of the manager interface.
    driver: Login = DRIVER
    #: Further endpoints that ring the phone under their own name, as queues and PickupChan need them.
    agents: Collection[str] = ()
    without_modules: Collection[str] = ()
    with_modules: Collection[str] = ()
    #: Goes into every Uniqueid; "" leaves it out.
    system_name: str = "rig"


def files(folder: Path, *, modules: Path, ports: Ports, wishes: Wishes) -> dict[str, str]:
    """Every configuration file by name."""
    texts = {
        "asterisk.conf": _asterisk(folder, modules, wishes.system_name),
        "modules.conf": _modules(modules, wishes),
        "logger.conf": "[general]\ndateformat = %F %T.%3q\n[logfiles]\nfull => notice,warning,error,verbose(5)\n",
        "manager.conf": _manager(ports, wishes.driver),
        "http.conf": f"[general]\nenabled = yes\nbindaddr = 127.0.0.1\nbindport = {ports.http}\nsessionlimit = 500\n",
        "ari.conf": _ari(wishes.driver),
        "rtp.conf": f"[general]\nrtpstart = {ports.rtp_first}\nrtpend = {ports.rtp_last}\nicesupport = no\n",
        "pjsip.conf": _pjsip(ports, (*AGENTS, *wishes.agents)),
        "extensions.conf": _globals(folder, ports) + DIALPLAN.read_text() + wishes.dialplan,
        "queues.conf": _queues(folder),
        "musiconhold.conf": f"[default]\nmode = files\ndirectory = {folder / 'music'}\n",
        "indications.conf": INDICATIONS,
        "features.conf": "[general]\natxfercomplete = *4\n[featuremap]\natxfer = *2\nblindxfer = #1\n",
        "res_parking.conf": PARKING,
        "confbridge.conf": "[default_user]\ntype = user\nquiet = yes\n[default_bridge]\ntype = bridge\n",
    }
    for name in ("cdr", "cel", "udptl", "ccss", "acl", "pjproject", "websocket_client", "chan_websocket", "cdr_custom"):
        texts[f"{name}.conf"] = ""
    for name, text in wishes.snippets.items():
        texts[name] = texts.get(name, "") + "\n" + text
    return texts


def _asterisk(folder: Path, modules: Path, system_name: str) -> str:
    return f"""[directories]
astetcdir => {folder / "etc"}
astmoddir => {modules}
astvarlibdir => {folder / "lib"}
astdbdir => {folder / "db"}
astkeydir => {folder}
astdatadir => {folder / "data"}
astagidir => {folder / "data/agi-bin"}
astspooldir => {folder / "spool"}
astrundir => {folder / "run"}
astlogdir => {folder / "log"}
astcachedir => {folder / "lib"}
[options]
verbose = 3
nocolor = yes
hideconnect = yes
documentation_language = en_US
live_dangerously = no
{f"systemname = {system_name}" if system_name else ""}
"""


def _modules(modules: Path, wishes: Wishes) -> str:
    wanted = [name for name in (*MODULES, *wishes.with_modules) if name not in wishes.without_modules]
    # An older Asterisk has not all of them.
    present = [name for name in wanted if (modules / f"{name}.so").exists()]
    return "[modules]\nautoload = no\n" + "".join(f"load = {name}.so\n" for name in present)


def _manager(ports: Ports, driver: Login) -> str:
    users = "".join(
        f"[{login.user}]\nsecret = {login.secret}\nread = {login.read}\nwrite = {login.write}\n{login.more}\n"
        for login in (driver, ADMIN)
    )
    return f"""[general]
enabled = yes
webenabled = no
port = {ports.ami}
bindaddr = 127.0.0.1
timestampevents = yes
{users}"""


def _ari(driver: Login) -> str:
    return f"[general]\nenabled = yes\npretty = no\n[{driver.user}]\ntype = user\npassword = {driver.secret}\n"


def _pjsip(ports: Ports, agents: Collection[str]) -> str:
    # "phones" rings any name at the phone (PJSIP/anybody@phones); callers are known by the user in From.
    named = "".join(
        f"[{name}](endpoint)\naors = {name}\n[{name}]\ntype = aor\ncontact = sip:{name}@127.0.0.1:{ports.phone}\n"
        for name in agents
    )
    dialled = "".join(
        f"[{name}](endpoint)\n{options}\naors = {name}\n[{name}]\ntype = aor\ncontact = sip:127.0.0.1:{ports.phone}\n"
        for name, options in (
            ("phones", ""),
            ("widephones", "allow = !all,slin16"),
            ("passingphones", "moh_passthrough = yes"),
        )
    )
    return f"""[global]
type = global
endpoint_identifier_order = username,ip,anonymous
[udp]
type = transport
protocol = udp
bind = 127.0.0.1:{ports.sip}
[endpoint](!)
type = endpoint
transport = udp
context = phones
disallow = all
allow = ulaw
direct_media = no
rtp_symmetric = yes
media_address = 127.0.0.1
call_group = 1
pickup_group = 1
{dialled}{named}[caller](endpoint)
[passing](endpoint)
moh_passthrough = yes
[wide](endpoint)
allow = !all,slin16
[g722](endpoint)
allow = !all,g722
[info](endpoint)
dtmf_mode = info
[anonymous](endpoint)
"""


def _globals(folder: Path, ports: Ports) -> str:
    return f"""[general]
static = yes
writeprotect = yes
[globals]
SPOOL = {folder / "spool/recording"}
SOUNDS = {folder / "sounds"}
AGI = agi://127.0.0.1:{ports.agi}
"""


def _queues(folder: Path) -> str:
    return f"""[general]
autofill = yes
[ringall](!)
strategy = ringall
ringinuse = no
timeout = 20
musicclass = default
[everybody](ringall)
member => PJSIP/agent1
member => PJSIP/agent2
[announced](ringall)
member => PJSIP/agent1
member => PJSIP/agent2
announce = {folder / "sounds/prompt"}
[locals](ringall)
member => Local/to_agent1@phones
member => Local/to_agent2@phones
"""


PARKING: Final = """[general]
[default]
parkext = 700
parkpos = 701-740
context = parkedcalls
parkingtime = 600
"""

INDICATIONS: Final = """[general]
country = us
[us]
description = us
ringcadence = 2000,4000
dial = 350+440
busy = 480+620/500,0/500
ring = 440+480/2000,0/4000
congestion = 480+620/250,0/250
callwaiting = 440/300,0/10000
dialrecall = !350+440/100,350+440
record = 1400/500,0/15000
info = !950/330
stutter = 350+440
"""
