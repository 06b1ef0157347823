"""Who is heard, measured where the page hands its sound to the machine: the caller is 440 Hz, the agent 880 Hz."""

from typing import Final

import pytest
from playwright.async_api import Page, expect

from connector.domain.call import Role
from tests.browser.chromium import Visitor
from tests.browser.conversations import PITCH
from tests.browser.office import PARCEL
from tests.browser.sight import settled

#: How much louder a voice is than what must not be heard, at least.
APART_DECIBELS: Final = 40
#: What leaves the page is taken apart by ear and by pitch; each is as loud as it was at its loudest.
_LISTENING: Final = """
const connect = AudioNode.prototype.connect;
window.ears = [];
AudioNode.prototype.connect = function (target, ...ways) {
    if (target instanceof AudioDestinationNode) {
        const splitter = this.context.createChannelSplitter(2);
        connect.call(this, splitter);
        window.ears = [0, 1].map((ear) => {
            const analyser = this.context.createAnalyser();
            analyser.fftSize = 4096;
            analyser.smoothingTimeConstant = 0;
            connect.call(splitter, analyser, ear);
            return analyser;
        });
    }
    return connect.call(this, target, ...ways);
};
window.heard = async (pitches, milliseconds) => {
    const loudest = window.ears.map(() => pitches.map(() => -200));
    const until = performance.now() + milliseconds;
    while (performance.now() < until) {
        window.ears.forEach((analyser, ear) => {
            const spectrum = new Float32Array(analyser.frequencyBinCount);
            analyser.getFloatFrequencyData(spectrum);
            pitches.forEach((pitch, place) => {
                const bin = Math.round((pitch * analyser.fftSize) / analyser.context.sampleRate);
                const level = Math.max(...spectrum.slice(bin - 2, bin + 3));
                loudest[ear][place] = Math.max(loudest[ear][place], level);
            });
        });
        await new Promise((go) => setTimeout(go, 20));
    }
    return loudest;
};
"""
_SOUND: Final = """
window.Audio = class extends window.Audio {
    constructor(...source) {
        super(...source);
        window.sound = this;
    }
};
"""


async def listening(visitor: Visitor) -> Page:
    page = await visitor.open("/calls?call=harbour-parcel", prepared=_LISTENING + _SOUND)
    await settled(page)
    await page.get_by_role("button", name="Play", exact=True).click()
    await expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    return page


async def heard(page: Page, speaker: Role) -> dict[Role, tuple[float, float]]:
    """While that one speaks: how loud each voice is on the left and the right ear, in decibels."""
    longest = max(PARCEL.of(speaker), key=lambda one: one.end_seconds - one.start_seconds)
    await page.evaluate("(seconds) => { sound.currentTime = seconds; }", longest.start_seconds + 0.3)
    await page.wait_for_function(
        "(seconds) => !sound.seeking && sound.currentTime > seconds", arg=longest.start_seconds + 0.6
    )
    ears = await page.evaluate("(pitches) => heard(pitches, 1200)", list(PITCH.values()))
    return {role: (ears[0][place], ears[1][place]) for place, role in enumerate(PITCH)}


@pytest.mark.parametrize(
    ("side", "speaker", "other"), [("left", Role.CALLER, Role.AGENT), ("right", Role.AGENT, Role.CALLER)]
)
async def test_who_is_heard_alone_is_heard_on_both_ears_and_the_other_on_none(
    visitor: Visitor, side: str, speaker: Role, other: Role
) -> None:
    page = await listening(visitor)
    await page.keyboard.press("1" if side == "left" else "2")
    alone = await heard(page, speaker)
    for ear in (0, 1):
        assert alone[speaker][ear] > -40
        assert alone[speaker][ear] - alone[other][ear] > APART_DECIBELS
    silent = await heard(page, other)
    assert max(silent[other]) < max(alone[speaker]) - APART_DECIBELS


async def test_again_everybody_is_heard_each_on_his_own_ear(visitor: Visitor) -> None:
    page = await listening(visitor)
    await page.keyboard.press("1")
    await page.keyboard.press("0")
    for speaker, own in ((Role.CALLER, 0), (Role.AGENT, 1)):
        both = await heard(page, speaker)
        assert both[speaker][own] > -40
        assert both[speaker][own] - both[speaker][1 - own] > APART_DECIBELS
