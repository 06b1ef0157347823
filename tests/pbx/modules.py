"""The modules that the rig's Asterisk loads, the hidden dependencies of each included."""

from typing import Final

_GROUPS: Final = {
    "": "pbx_config res_crypto res_speech res_mutestream res_tonedetect res_curl res_config_http res_musiconhold "
    "res_clioriginate res_parking res_agi res_audiosocket res_timing_timerfd res_http_websocket res_websocket_client",
    "res_sorcery": "config memory astdb",
    "res_pjsip": "session sdp_rtp endpoint_identifier_ip endpoint_identifier_user "
    "endpoint_identifier_anonymous authenticator_digest outbound_authenticator_digest caller_id dtmf_info "
    "header_funcs refer rfc3326 registrar pubsub logger nat diversion",
    "res_rtp": "asterisk multicast",
    "res_stasis": "answer playback recording snoop device_state",
    "res_ari": "model applications asterisk bridges channels device_states endpoints events playbacks "
    "recordings sounds",
    "chan": "pjsip rtp bridge_media audiosocket websocket",
    "bridge": "simple native_rtp softmix holding builtin_features builtin_interval_features",
    "codec": "ulaw alaw a_mu g722 gsm resample opus_open_source speex",
    "format": "wav wav_gsm pcm sln gsm ogg_opus_open_source",
    "func": "base64 callcompletion callerid cdr channel curl cut db dialplan env global groupcount hangupcause "
    "jitterbuffer json logic math module periodic_hook strings talkdetect timeout uri volume",
    "app": "audiosocket bridgewait cdr chanspy confbridge db dial directed_pickup echo exec milliwatt mixmonitor "
    "originate page playback playtones queue read record senddtmf softhangup stack stasis system talkdetect transfer "
    "userevent verbose waitforsilence waituntil while",
}


def _named(prefix: str, names: str) -> tuple[str, ...]:
    return tuple(f"{prefix}_{name}" if prefix else name for name in names.split())


MODULES: Final = (
    "res_pjproject",
    "res_pjsip",
    "res_stasis",
    "res_ari",
    *(name for prefix, names in _GROUPS.items() for name in _named(prefix, names)),
)
