"""callreel check and callreel doctor on speech engines that cannot make the transcripts that are asked for."""

import pytest

from tests.unit.command_line.site import Answer, Site
from tests.unit.command_line.test_settings import changed

ENGINE = "transcription: {engine: cloud, engines: {cloud: {openai: {key: sk-0815, languages: [en, fr]}}}}\n"


def heard(site: Site, locale: str) -> None:
    wanted = f"defaults: {{transcriptionOptions: {{enabled: yes, locale: {locale}}}}}\n"
    site.config.write_text(site.config.read_text() + ENGINE + wanted)


def of_engines(answer: Answer) -> list[tuple[str, str]]:
    return [(one["check"], one["level"]) for one in answer.facts["findings"] if one["check"].startswith("engine ")]


def test_check_refuses_a_language_that_the_engine_does_not_know(site: Site) -> None:
    heard(site, "de-DE")
    answer = site.run("check")
    assert (answer.code, answer.out) == (2, "")
    assert "engine cloud in de-DE: " in answer.err
    assert "en, fr" in answer.err
    (problem,) = site.run("check", "--json").facts["problems"]
    assert problem.startswith("engine cloud in de-DE: ")
    assert "sk-0815" not in answer.err + problem


def test_check_is_content_with_an_engine_that_knows_the_language(site: Site) -> None:
    heard(site, "fr-CA")
    assert site.run("check").code == 0


@pytest.mark.parametrize(("locale", "level"), [("de", "warning"), ("en-GB", "ok")])
def test_doctor_says_whether_there_will_be_transcripts(site: Site, locale: str, level: str) -> None:
    heard(site, locale)
    answer = site.run("doctor", "--json")
    assert of_engines(answer) == [("engine cloud", level)]
    # Calls are recorded all the same.
    assert answer.code == 0


def test_doctor_knows_what_the_api_has_switched_on(site: Site) -> None:
    site.config.write_text(site.config.read_text() + ENGINE)
    assert of_engines(site.run("doctor", "--json")) == []
    changed(site, transcription_enabled="true", transcription_locale='"de"')
    assert of_engines(site.run("doctor", "--json")) == [("engine cloud", "warning")]


def test_a_house_without_transcripts_is_asked_for_no_engine(site: Site) -> None:
    site.config.write_text(site.config.read_text() + ENGINE.replace("engine: cloud, ", ""))
    assert of_engines(site.run("doctor", "--json")) == []
    assert site.run("check").code == 0
