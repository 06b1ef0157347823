"""Languages by code, by locale and by name."""

import pytest

from connector.domain.languages import is_language, language_code, language_of_locale


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("en", "en"),
        ("en-GB", "en"),
        ("EN-gb", "en"),
        ("es-419", "es"),
        ("zh-Hant-TW", "zh"),
        ("zh-yue", "zh"),
        ("de-CH-1996", "de"),
        ("sl-rozaj-biske", "sl"),
        ("en-US-u-ca-gregory-x-twain", "en"),
        ("yue-HK", "yue"),
        ("nb-NO", "no"),
        ("iw", "he"),
        ("fil-PH", "tl"),
    ],
)
def test_a_locale_begins_with_its_language(locale: str, language: str) -> None:
    assert language_of_locale(locale) == language


@pytest.mark.parametrize(
    "locale",
    ["", "e", "en_GB", "en-", "-GB", "en GB", "en-GB\n", "english-of-the-queen-", "en--GB", "12", "ён", "x-klingon"],
)
def test_what_is_no_locale_is_refused_and_told_what_to_write(locale: str) -> None:
    with pytest.raises(ValueError, match=r"is no locale: write a language and perhaps a region, as en or en-GB"):
        language_of_locale(locale)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("english", "en"),
        ("English", "en"),
        (" german ", "de"),
        ("haitian creole", "ht"),
        ("haitian_creole", "ht"),
        ("castilian", "es"),
        ("cantonese", "yue"),
        ("norwegian", "no"),
        ("en", "en"),
        ("en-US", "en"),
        ("pt_BR", "pt"),
        ("jw", "jv"),
        ("javanese", "jv"),
        ("", ""),
        ("und", ""),
        ("multi", ""),
        ("no idea", ""),
    ],
)
def test_an_engine_may_say_a_code_or_a_name(said: str, code: str) -> None:
    assert language_code(said) == code


def test_a_code_is_two_or_three_small_letters() -> None:
    assert [code for code in ("en", "yue", "EN", "e", "en-GB", "engl", "") if is_language(code)] == ["en", "yue"]
