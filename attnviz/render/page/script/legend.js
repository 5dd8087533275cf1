// @ts-nocheck
// Legend: shows the sentences in the HTML of which a `data-for` fact holds.

import { byId, el } from "./dom.js";
import { formatExact } from "./format.js";

const STOPS = 32; // of the gradient, from the 256 colors of a palette

export function drawLegend({ scale, shared, masked, margin }, view, { signed, layers }) {
	const { low, high } = scale;
	const stop = (_, i) => scale.css(low + ((high - low) * i) / (STOPS - 1));
	const stops = Array.from({ length: STOPS }, stop).join();
	byId("palette").style.background = `linear-gradient(to right, ${stops})`;
	const ends = low < 0 ? [low, 0, high] : [0, high];
	byId("ticks").replaceChildren(...ends.map((end) => el("span", end && formatExact(end))));
	byId("max-weight").textContent = formatExact(high);
	const facts = [view, margin?.[0], shared ? "shared" : "per-head", signed && "signed"];
	if (layers.length > 1) facts.push("grid");
	if (masked.includes(1)) facts.push("masked");
	for (const node of byId("legend").querySelectorAll("[data-for]")) {
		node.hidden = !node.dataset.for.split(" ").some((fact) => facts.includes(fact));
	}
}
