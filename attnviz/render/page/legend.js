// What the colours mean, where the scale ends, and which axis is which.

import { el } from "./dom.js";
import { closely } from "./words.js";

const CELLS = "Rows: queries, which look at columns, the keys.";
const AXES = {
	overview: `Layers run down, heads across. ${CELLS}`,
	matrix: CELLS,
	lines: "Left: queries, which look at the right, the keys.",
	text: "The marked token is the query; the coloured ones are the keys.",
	dimensions: "One query and one key, before any scale, bias or mask. Below the line: negative.",
	compare: CELLS,
};
const MARGINS = {
	"∅": "the share of a row that went to no key",
	Σ: "what a row sums to, over the keys that are shown",
};
const SHADES = 32; // of the palette's 256, that a gradient is made of

/** The palette from end to end. */
function gradient(scale) {
	const { low, high } = scale;
	const shade = (_, at) => scale.css(low + ((high - low) * at) / (SHADES - 1));
	const background = `linear-gradient(to right, ${Array.from({ length: SHADES }, shade)})`;
	const ends = low < 0 ? [low, 0, high] : [0, high];
	return [
		el("div.palette", { role: "img", "aria-label": "the palette", style: { background } }),
		el("div.ticks", ends.map((value) => el("span", value && closely(value)))),
	];
}

function colours({ scale, shared, hidden, margin }, view) {
	const mark = view === "matrix" && margin?.[0];
	return [
		el("p", `Colour: weight; ${shared ? "one scale for all heads" : "each head has its own scale"}.`),
		...gradient(scale),
		hidden.includes(1) && el("p.mark", el("i.hidden"), "hidden: may not be looked at"),
		mark && el("p.mark", el("b", mark), MARGINS[mark]),
	];
}

function thickness({ scale }, { signed }) {
	const dashed = signed ? " Dashed: below zero." : "";
	return el("p", `Thickness: weight, up to ${closely(scale.high)}. Colour: head.${dashed}`);
}

export function legend(sheet, view, attention) {
	const scale = { lines: thickness(sheet, attention), dimensions: "" }[view] ?? colours(sheet, view);
	return el("div.legend", el("h2", "Legend"), el("p", AXES[view]), scale);
}
