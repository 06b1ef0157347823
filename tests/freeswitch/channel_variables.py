"""Which channel variables a leg has at which moment of its life, by the transcripts. Pure."""

import uuid

from tests.freeswitch.headers import codec
from tests.freeswitch.legs import Leg, Value

_HOST = "127.0.0.1"
_VIA = f"SIP/2.0/UDP {_HOST}:5060;rport=5060;branch=z9hG4bK"
_ALLOW = "INVITE, ACK, BYE, CANCEL, OPTIONS, MESSAGE, INFO, UPDATE, REGISTER, REFER, NOTIFY"


def create(leg: Leg) -> None:
    leg.variables = (_of_inbound(leg) if leg.inbound else _of_outbound(leg)) | leg.variables


def _of_inbound(leg: Leg) -> dict[str, Value]:
    """Those of CHANNEL_CREATE: before the dialplan, so none of its own."""
    to = f"{leg.dialled}@{_HOST}:5060"
    party = f'"{leg.caller_name}" <sip:{leg.number}@{_HOST}>'
    return {
        "direction": "inbound",
        "uuid": leg.uuid,
        "call_uuid": leg.uuid,
        "session_id": str(leg.session_id),
        "sip_from_user": leg.number,
        "sip_from_uri": f"{leg.number}@{_HOST}",
        "sip_from_host": _HOST,
        "video_media_flow": "disabled",
        "text_media_flow": "disabled",
        "channel_name": leg.channel_name,
        "sip_call_id": str(uuid.uuid4()),
        "sip_local_network_addr": _HOST,
        "sip_network_ip": _HOST,
        "sip_network_port": "5060",
        "sip_invite_stamp": str(leg.times["Channel-Created"]),
        "sip_received_ip": _HOST,
        "sip_received_port": "5060",
        "sip_via_protocol": "udp",
        "sip_from_user_stripped": leg.number,
        "sip_from_tag": leg.uuid[:8],
        **_sofia(),
        "sip_Remote-Party-ID": f"{party};party=calling;screen=yes;privacy=off",
        "sip_cid_type": "rpid",
        "sip_full_via": _VIA + leg.uuid[:8],
        "sip_from_display": leg.caller_name,
        "sip_full_from": f"{party};tag={leg.uuid[:8]}",
        "sip_full_to": f"<sip:{to}>",
        "sip_allow": _ALLOW,
        "sip_req_user": leg.dialled,
        "sip_req_port": "5060",
        "sip_req_uri": to,
        "sip_req_host": _HOST,
        "sip_to_user": leg.dialled,
        "sip_to_port": "5060",
        "sip_to_uri": to,
        "sip_to_host": _HOST,
        "sip_contact_user": "mod_sofia",
        "sip_contact_port": "5060",
        "sip_contact_uri": f"mod_sofia@{_HOST}:5060",
        "sip_contact_host": _HOST,
        "sip_user_agent": "FreeSWITCH-mod_sofia",
        "sip_via_host": _HOST,
        "sip_via_port": "5060",
        "sip_via_rport": "5060",
        "max_forwards": "70",
        "switch_r_sdp": _sdp(leg),
        **_codecs(leg),
        "remote_media_ip": _HOST,
        "remote_media_port": "18242",
        "endpoint_disposition": "RECEIVED",
    }


def _of_outbound(leg: Leg) -> dict[str, Value]:
    originator = leg.originator
    bond = leg.uuid if originator is None else originator.uuid
    call_uuid = leg.uuid if originator is None else originator.text("call_uuid")
    bonds: dict[str, Value] = {
        "sip_cid_type": "rpid",
        "max_forwards": "69",
        "originator_codec": f"{codec(leg)}@{leg.rate}h@20i",
        "originator": bond,
        "signal_bond": bond,
        "switch_m_sdp": _sdp(leg),
        "originating_leg_uuid": bond,
    }
    return {
        "direction": "outbound",
        "is_outbound": "true",
        "uuid": leg.uuid,
        "session_id": str(leg.session_id),
        "sip_local_network_addr": _HOST,
        "sip_profile_name": "internal",
        "text_media_flow": "disabled",
        "channel_name": leg.channel_name,
        "sip_destination_url": f"sip:{leg.dialled}@{_HOST}:5060",
        **({} if originator is None else bonds),
        "call_uuid": call_uuid,
        "originate_early_media": "true",
        "originate_endpoint": "sofia",
        "rtp_use_codec_string": f"{codec(leg)}@{leg.rate}h@20i",
        **_local_media(leg),
        "audio_media_flow": "sendrecv",
        "video_media_flow": "inactive",
        "sip_outgoing_contact_uri": f"<sip:mod_sofia@{_HOST}:5060>",
        "sip_req_uri": f"{leg.dialled}@{_HOST}:5060",
        "sip_to_host": f"{_HOST}:5060",
        "sip_from_host": _HOST,
        **_sofia(),
    }


def ring(leg: Leg) -> None:
    """Its phone rings: it has a dialogue now."""
    to, own = f"{leg.dialled}@{_HOST}:5060", f'"{leg.caller_name}" <sip:{leg.caller_number}@{_HOST}>'
    leg.variables |= {
        "sip_reply_host": _HOST,
        "sip_reply_port": "5060",
        "sip_network_ip": _HOST,
        "sip_network_port": "5060",
        "sip_user_agent": "FreeSWITCH-mod_sofia",
        "sip_allow": _ALLOW,
        "sip_recover_contact": f"<sip:{to};transport=udp>",
        "sip_full_via": _VIA + leg.uuid[:8],
        "sip_recover_via": _VIA + leg.uuid[:8],
        "sip_from_display": leg.caller_name,
        "sip_full_from": f"{own};tag={leg.uuid[9:13]}",
        "sip_full_to": f"<sip:{to}>;tag={leg.uuid[14:18]}",
        "sip_from_user": leg.caller_number,
        "sip_from_uri": f"{leg.caller_number}@{_HOST}",
        "sip_to_user": leg.dialled,
        "sip_to_port": "5060",
        "sip_to_uri": to,
        "sip_to_host": _HOST,
        "sip_contact_params": "transport=udp",
        "sip_contact_user": leg.dialled,
        "sip_contact_port": "5060",
        "sip_contact_uri": to,
        "sip_contact_host": _HOST,
        "sip_to_tag": leg.uuid[14:18],
        "sip_from_tag": leg.uuid[9:13],
        "sip_cseq": "123061127",
        "sip_call_id": str(uuid.uuid4()),
    }


def dialling(leg: Leg, other: Leg) -> None:
    """The a-leg executes `bridge`."""
    execute(leg, "bridge", f"sofia/internal/{other.dialled}@{_HOST}:5060")
    leg.variables |= {
        "originate_disposition": "failure",
        "DIALSTATUS": "INVALIDARGS",
        "originate_signal_bond": other.uuid,
        "originated_legs": f"{other.uuid};Outbound Call;{other.dialled}",
        "sip_to_tag": leg.uuid[14:18],
    }


def execute(leg: Leg, application: str, data: str) -> None:
    leg.application, leg.application_data = application, data
    leg.variables.setdefault("DP_MATCH", [leg.dialled, leg.dialled[-1:]])
    leg.variables |= {"current_application_data": data, "current_application": application}


def answer(leg: Leg) -> None:
    if leg.inbound:
        leg.variables |= {"switch_m_sdp": _sdp(leg), "video_media_flow": "inactive", "text_media_flow": "inactive"}
        leg.variables |= _local_media(leg)
    else:
        leg.variables |= {"switch_r_sdp": _sdp(leg), **_codecs(leg)}
    leg.variables |= {
        "rtp_use_timer_name": "soft",
        "rtp_use_pt": "0",
        "rtp_use_ssrc": str(int(leg.uuid[:8], 16)),
        "rtp_2833_send_payload": "101",
        "rtp_2833_recv_payload": "101",
        "remote_media_ip": _HOST,
        "remote_media_port": "16494",
    }


def meet(leg: Leg, other: Leg) -> None:
    """CHANNEL_BRIDGE, of the leg that it is about."""
    leg.variables.pop("originate_signal_bond", None)
    leg.variables |= {
        "endpoint_disposition": "ANSWER",
        "sip_cseq": "123061127",
        "originate_disposition": "SUCCESS",
        "DIALSTATUS": "SUCCESS",
        "originate_causes": f"{other.uuid};NONE",
        "signal_bond": other.uuid,
    }


def met(leg: Leg, other: Leg) -> None:
    """What stands there after the event."""
    leg.variables |= {
        "endpoint_disposition": "ANSWER",
        "bridge_to": other.uuid,
        "last_bridge_to": other.uuid,
        "bridge_channel": other.channel_name,
        "bridge_uuid": other.uuid,
        "last_sent_callee_id_name": other.callee_name or other.caller_name,
        "last_sent_callee_id_number": other.callee_number or other.caller_number,
    }


def _sofia() -> dict[str, Value]:
    return {
        "sofia_profile_name": "internal",
        "sofia_profile_url": f"sip:mod_sofia@{_HOST}:5060",
        "recovery_profile_name": "internal",
    }


def _local_media(leg: Leg) -> dict[str, Value]:
    return {
        "rtp_local_sdp_str": _sdp(leg) + "a=sendrecv\r\n",
        "local_media_ip": _HOST,
        "local_media_port": "17834",
        "advertised_media_ip": _HOST,
    }


def _codecs(leg: Leg) -> dict[str, Value]:
    name, rate = codec(leg), str(leg.rate)
    return {
        "ep_codec_string": f"CORE_PCM_MODULE.{name}@{rate}h@20i@64000b",
        "rtp_use_codec_string": "PCMU,PCMA",
        "remote_video_media_flow": "inactive",
        "remote_text_media_flow": "inactive",
        "remote_audio_media_flow": "sendrecv",
        "audio_media_flow": "sendrecv",
        "rtp_audio_recv_pt": "0",
        "rtp_use_codec_name": name,
        "rtp_use_codec_rate": rate,
        "rtp_use_codec_ptime": "20",
        "rtp_use_codec_channels": "1",
        "rtp_last_audio_codec_string": f"{name}@{rate}h@20i@1c",
        "read_codec": name,
        "original_read_codec": name,
        "read_rate": rate,
        "original_read_rate": rate,
        "write_codec": name,
        "write_rate": rate,
        "dtmf_type": "rfc2833",
    }


def _sdp(leg: Leg) -> str:
    lines = ("v=0", f"o=FreeSWITCH 1 2 IN IP4 {_HOST}", "s=FreeSWITCH", f"c=IN IP4 {_HOST}", "t=0 0")
    media = ("m=audio 18242 RTP/AVP 0 101", f"a=rtpmap:0 {codec(leg)}/{leg.rate}", "a=ptime:20")
    return "".join(f"{line}\r\n" for line in (*lines, *media))
