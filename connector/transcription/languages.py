"""Languages as locales, servers and people write them: en-GB, en, English. Pure; knows no engine."""

from collections.abc import Sequence
from typing import Final

#: They name no language.
_NONE: Final = frozenset({"", "und", "mul", "zxx", "mis"})

#: As Whisper calls those that it knows.
_CALLED: Final = """
    af:afrikaans am:amharic ar:arabic as:assamese az:azerbaijani ba:bashkir be:belarusian bg:bulgarian bn:bengali
    bo:tibetan br:breton bs:bosnian ca:catalan cs:czech cy:welsh da:danish de:german el:greek en:english es:spanish
    et:estonian eu:basque fa:persian fi:finnish fo:faroese fr:french gl:galician gu:gujarati ha:hausa haw:hawaiian
    he:hebrew hi:hindi hr:croatian ht:haitian_creole hu:hungarian hy:armenian id:indonesian is:icelandic it:italian
    ja:japanese jv:javanese ka:georgian kk:kazakh km:khmer kn:kannada ko:korean la:latin lb:luxembourgish ln:lingala
    lo:lao lt:lithuanian lv:latvian mg:malagasy mi:maori mk:macedonian ml:malayalam mn:mongolian mr:marathi ms:malay
    mt:maltese my:myanmar ne:nepali nl:dutch nn:nynorsk no:norwegian oc:occitan pa:punjabi pl:polish ps:pashto
    pt:portuguese ro:romanian ru:russian sa:sanskrit sd:sindhi si:sinhala sk:slovak sl:slovenian sn:shona so:somali
    sq:albanian sr:serbian su:sundanese sv:swedish sw:swahili ta:tamil te:telugu tg:tajik th:thai tk:turkmen
    tl:tagalog tr:turkish tt:tatar uk:ukrainian ur:urdu uz:uzbek vi:vietnamese yi:yiddish yo:yoruba yue:cantonese
    zh:chinese
"""
_CODES: Final = {name: code for code, name in (pair.split(":") for pair in _CALLED.split())}


def language_of(locale: str) -> str:
    """`en` of `en-GB`; empty for what names no language."""
    language = _tag(locale).partition("-")[0]
    return "" if language in _NONE else language


def code_of(said: str | None) -> str:
    """What an engine calls a language, as `en`; empty for what is none that we know."""
    name = _tag(said or "").replace(" ", "-").replace("-", "_")
    if name in _CODES:
        return _CODES[name]
    code = name.partition("_")[0]
    is_code = 2 <= len(code) <= 3 and code.isascii() and code.isalpha()
    return code if is_code and code not in _NONE else ""


def listed(locale: str, languages: Sequence[str]) -> str:
    """How that locale stands in the list of what an engine knows, the nearest first: itself, then its language, then
    one of its language when no place was asked for; empty: it knows none of them."""
    tag, language = _tag(locale), language_of(locale)
    near = {_tag(known): known for known in reversed(languages)}
    kin = [known for known in languages if tag == language == language_of(known)]
    return near.get(tag) or near.get(language) or next(iter(kin), "")


def _tag(text: str) -> str:
    return text.strip().replace("_", "-").lower()
