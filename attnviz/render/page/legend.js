// What the colours mean, where the scale ends, and which axis is which. The page holds every
// sentence; `data-for` says of what each is true.

import { byId, el } from "./dom.js";
import { closely } from "./words.js";

const SHADES = 32; // of the palette's 256, that a gradient is made of

export function drawLegend({ scale, shared, hidden, margin }, view, { signed }) {
	const { low, high } = scale;
	const shade = (_, at) => scale.css(low + ((high - low) * at) / (SHADES - 1));
	const shades = Array.from({ length: SHADES }, shade).join();
	byId("palette").style.background = `linear-gradient(to right, ${shades})`;
	const ends = low < 0 ? [low, 0, high] : [0, high];
	byId("ticks").replaceChildren(...ends.map((end) => el("span", end && closely(end))));
	byId("thickest").textContent = closely(high);
	const facts = [view, margin?.[0], shared ? "shared" : "own", signed && "signed"];
	if (hidden.includes(1)) facts.push("hidden");
	for (const said of byId("legend").querySelectorAll("[data-for]")) {
		said.hidden = !said.dataset.for.split(" ").some((fact) => facts.includes(fact));
	}
}
