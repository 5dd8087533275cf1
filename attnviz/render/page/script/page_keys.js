// Keys that work everywhere on the page.

import { isOpen } from "./glossary.js";
import { isTyping } from "./keyboard.js";
import { release } from "./selection.js";
import { change, settings } from "./settings.js";
import { currentMap, parsePins } from "./shown_heads.js";
import { hideExplanation } from "./term.js";
import { hideTooltip } from "./tooltip.js";

const MAX_PINS = 4;

/** Pins the selected head beside the matrix, or removes its pin. */
export function togglePin() {
	const { layer, head, pins } = settings.value;
	if (currentMap.value.layers.length * currentMap.value.heads.length < 2) return;
	const name = `${layer}.${head}`;
	const all = parsePins(pins).map((pair) => pair.join("."));
	const next = all.includes(name) ? all.filter((each) => each !== name) : [...all, name].slice(-MAX_PINS);
	change({ pins: next.join() });
}

/** @type {Record<string, () => void>} */
const ACTIONS = {
	Escape: () => {
		if (hideExplanation()) return;
		hideTooltip();
		release();
	},
	"/": () => document.getElementById("find")?.focus(),
	"?": () => (isOpen.value = true),
	p: togglePin,
};

addEventListener("keydown", (event) => {
	if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || isOpen.value) return;
	const act = ACTIONS[event.key];
	if (!act) return;
	act();
	event.preventDefault();
});
