"""What can be seen of any page without knowing what it shows: faults of accessibility, width, motion, focus."""

from functools import cache
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Page

_AXE: Final = Path(__file__).parents[2] / "connector/web/page/node_modules/axe-core/axe.min.js"
_RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


async def settled(page: Page) -> None:
    """Nothing has been added to it for a while, and nothing says that it is busy."""
    await page.evaluate(_SETTLED)


async def axe_faults(page: Page) -> list[str]:
    """What axe-core finds wrong: the rule, and where."""
    await page.evaluate(_axe())
    found = await page.evaluate(
        # Preloading would write styles of its own, which the page's policy refuses.
        "(rules) => axe.run(document, { runOnly: rules, resultTypes: ['violations'], preload: false })",
        _RULES,
    )
    return [
        f"{one['id']} ({one['help']}): {node['target']} {node['html'][:200]} {node.get('failureSummary', '')}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


async def sideways_faults(page: Page) -> list[str]:
    """Whether one has to scroll sideways: the page itself must never be, and nothing may hang out of it unseen."""
    found: list[str] = await page.evaluate(
        """
        () => {
            const width = document.documentElement.clientWidth;
            const faults = [];
            const root = document.scrollingElement;
            if (root.scrollWidth > width) faults.push(`the page is ${root.scrollWidth} wide, the window ${width}`);
            const scrolls = (one) => /auto|scroll/.test(getComputedStyle(one).overflowX);
            const isLetBe = (one) => one && (scrolls(one) || isLetBe(one.parentElement));
            for (const one of document.querySelectorAll("a, button, input, select, textarea, h1, h2, h3, p, td, dd")) {
                const box = one.getBoundingClientRect();
                if (!one.checkVisibility({ visibilityProperty: true, opacityProperty: true }) || !box.width) continue;
                const isAside = box.right <= 0;
                const isOut = box.right > width + 1 || box.left < -1;
                if (isOut && !isAside && !isLetBe(one.parentElement))
                    faults.push(`${one.outerHTML.slice(0, 120)} lies from ${box.left} to ${box.right} of ${width}`);
            }
            return faults;
        }
        """
    )
    return found


async def motion_faults(page: Page) -> list[str]:
    """What still moves, or would, although nobody wants that."""
    found: list[str] = await page.evaluate(
        """
        () => {
            const seconds = (text) => Math.max(...text.split(",").map((one) => Number.parseFloat(one)));
            const faults = document.getAnimations().filter((one) => one.playState === "running")
                .map((one) => `${one.animationName ?? one.transitionProperty} runs`);
            for (const one of document.querySelectorAll("*")) {
                const style = getComputedStyle(one);
                const isNamed = style.animationName !== "none" && seconds(style.animationDuration) > 0.01;
                if (seconds(style.transitionDuration) > 0.01 || isNamed || style.scrollBehavior === "smooth")
                    faults.push(`${one.outerHTML.slice(0, 120)} would move`);
            }
            return faults;
        }
        """
    )
    return found


async def focus_walk(page: Page, most: int = 400) -> list[dict[str, Any]]:
    """Tab from the start of the page to its end: what has the focus each time, its name, whether one sees that."""
    await page.evaluate(_TO_THE_START)
    walked: list[dict[str, Any]] = []
    for _ in range(most):
        await page.keyboard.press("Tab")
        found = await page.evaluate(_FOCUSED)
        if found is None:
            break
        if found["is_new"]:
            walked.append(found)
    return walked


async def unreached(page: Page) -> list[str]:
    """Of what can be operated with a hand: where the walk before has not been."""
    found: list[str] = await page.evaluate(
        """
        () => [...document.querySelectorAll("a[href], button, input, select, textarea, summary, audio[controls]")]
            .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.disabled)
            .filter((one) => !one.dataset.walked && one.tabIndex >= 0 && !one.closest("[inert]"))
            .filter((one) => !(one.type === "radio" && one.name && document.querySelector(
                `input[type=radio][name="${CSS.escape(one.name)}"][data-walked]`)))
            .map((one) => one.outerHTML.slice(0, 160))
        """
    )
    return found


#: Losing the focus is not enough: browsers go on from where it was.
_TO_THE_START: Final = """
() => {
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute("tabindex");
}
"""
_SETTLED: Final = """
() => new Promise((done) => {
    let changed = performance.now();
    const began = changed;
    const watching = new MutationObserver(() => { changed = performance.now(); });
    watching.observe(document, { subtree: true, childList: true });
    const look = () => {
        const now = performance.now();
        const isBusy = document.querySelector("[aria-busy=true], .loading, .skeleton") !== null;
        if ((now - changed > 300 && !isBusy) || now - began > 8000) {
            watching.disconnect();
            done();
        } else setTimeout(look, 50);
    };
    look();
})
"""
#: The element's mark outlives the walk; null: the focus is not in the page any more, or is where it has been before. A
#: date has several places in one element.
_FOCUSED: Final = """
() => {
    const one = document.activeElement;
    if (!one || one === document.body) return null;
    const isLast = one === window.lastWalked;
    if (one.dataset.walked && !isLast) return null;
    one.dataset.walked = "yes";
    window.lastWalked = one;
    // In a grid the active row is marked for all of it.
    const style = getComputedStyle(document.getElementById(one.getAttribute("aria-activedescendant")) ?? one);
    const box = one.getBoundingClientRect();
    const isOutlined = style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) >= 1;
    return {
        is_new: !isLast,
        html: one.outerHTML.slice(0, 160),
        name: (one.ariaLabel || one.labels?.[0]?.textContent || one.textContent || one.title || one.placeholder
            || document.getElementById(one.getAttribute("aria-labelledby"))?.textContent || "").trim(),
        is_marked: isOutlined || style.boxShadow !== "none",
        is_in_sight: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0
            && box.left < innerWidth,
    };
}
"""


@cache
def _axe() -> str:
    # Nothing of it is asked for from anywhere: the page's own policy would not let it in.
    return _AXE.read_text(encoding="utf-8")
