"""What comes out of a page's Web Audio, measured within the page: which tone is on which ear."""

from typing import Final, NamedTuple

from playwright.async_api import Page

#: Before the page's own scripts: whatever is led to the loudspeaker is led past two analysers, too.
LISTENING: Final = """
const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (to, ...rest) {
    if (to instanceof AudioDestinationNode) {
        const splitter = this.context.createChannelSplitter(2);
        connect.call(this, splitter);
        window.ears = [0, 1].map((channel) => {
            const analyser = new AnalyserNode(this.context, { fftSize: 8192, smoothingTimeConstant: 0 });
            connect.call(splitter, analyser, channel);
            return analyser;
        });
    }
    return connect.call(this, to, ...rest);
};
"""
#: The loudest tone of each ear within so many milliseconds; null: nothing.
_MEASURE: Final = """
async (milliseconds) => {
    const quiet = -70;
    const best = window.ears.map(() => ({ hertz: null, decibels: quiet }));
    const end = performance.now() + milliseconds;
    while (performance.now() < end) {
        window.ears.forEach((ear, side) => {
            const bins = new Float32Array(ear.frequencyBinCount);
            ear.getFloatFrequencyData(bins);
            bins.forEach((decibels, bin) => {
                if (decibels <= best[side].decibels) return;
                best[side] = { decibels, hertz: bin * ear.context.sampleRate / ear.fftSize };
            });
        });
        await new Promise((done) => setTimeout(done, 20));
    }
    return best.map((one) => one.hertz);
}
"""


class Heard(NamedTuple):
    """In hertz."""

    left: float | None
    right: float | None

    def is_near(self, left: float | None, right: float | None) -> bool:
        return _is_near(self.left, left) and _is_near(self.right, right)


async def heard(page: Page, milliseconds: int = 1200) -> Heard:
    """While it plays; `page` was opened with LISTENING prepared, and somebody has been muted or heard alone."""
    return Heard(*await page.evaluate(_MEASURE, milliseconds))


def _is_near(found: float | None, wished: float | None) -> bool:
    if found is None or wished is None:
        return found is wished
    return abs(found - wished) < 15
