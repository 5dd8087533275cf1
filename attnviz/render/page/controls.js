// What can be chosen: layer and head in sight, everything else under "Options".
// A control has the name of what it writes; the state reads it as it reads an address.

import { island } from "./data.js";
import { button, byId, el } from "./dom.js";

/** The threshold's slider: fine steps near zero, where most weights lie. */
const slid = {
	value: (place) => Number((island.largest * (place / 100) ** 3).toPrecision(2)),
	place: (value) => Math.round(100 * Math.cbrt(value / (island.largest || 1))),
};

const labelled = (text, ...parts) => el("label", text && el("span", text), parts);

/** A list to choose from: pairs of a value and what it is called. */
function choice(name, text, pairs) {
	const options = pairs.map(([value, said]) => el("option", { value }, said));
	return labelled(text, el("select", { name, "aria-label": text || name }, options));
}

const input = (type, name, more) => el("input", { type, name, ...more });

const tick = (name, text) => el("label.tick", input("checkbox", name), ` ${text}`);

/** A choice among numbers, with a step back and a step on beside it. */
function stepped(state, name, values, names) {
	const step = (text, by, word) => {
		const next = () => values[values.indexOf(state[name]) + by] ?? state[name];
		return button(text, () => state.set({ [name]: next() }), { "aria-label": `${word} ${name}` });
	};
	const list = choice(name, "", values.map((value, at) => [value, names[at]]));
	return el("span", step("‹", -1, "previous"), list, step("›", 1, "next"));
}

function segments(name, text, tokens) {
	const there = [...new Set(tokens.map(({ segment }) => `${segment}`))].sort();
	const pairs = there.map((segment) => [segment, `segment ${segment}`]);
	return there.length > 1 && choice(name, text, [["", "all"], ...pairs]);
}

export function drawControls({ attention, maps, state }) {
	const { queries, keys, layers, heads, signed, head_names, has_special, has_pieces } = attention;
	const scales = [["map", "all heads share one"], ["head", "each its own"]];
	const show = (id, ...parts) => byId(id).replaceChildren(...parts.filter(Boolean));
	show(
		"pick",
		maps.length > 1 && choice("map", "map", maps.map(({ name }, at) => [at, name])),
		layers.length > 1 && stepped(state, "layer", layers, layers.map((n) => `layer ${n}`)),
		heads.length > 1 && stepped(state, "head", heads, head_names),
	);
	show(
		"wishes",
		labelled("threshold", input("range", "threshold"), el("output")),
		labelled("strongest keys a query (0: all)", input("number", "top", { min: 0, max: keys.length })),
		choice("palette", "palette", Object.keys(island.palettes).map((name) => [name, name])),
		choice("scale", "colour scale", scales),
		segments("qs", "queries of", queries),
		segments("ks", "keys of", keys),
		has_special && tick("special", "show special tokens"),
		!signed && tick("renormalise", "renormalise over what is left"),
		has_pieces && tick("words", "merge word pieces"),
		tick("table", "show as table"),
	);
}

/** Lets the state hear of whatever is chosen. */
export function obey(state) {
	addEventListener("input", ({ target: { name, type, value, checked, validity } }) => {
		const said = { checkbox: checked, range: slid.value(value) }[type] ?? value;
		if (validity.valid) state.set({ [name]: said });
	});
}

/** Lets all controls show what the state says. */
export function follow(state) {
	for (const control of document.querySelectorAll("label [name]")) {
		const value = state[control.name];
		if (control.type === "checkbox") control.checked = value;
		else if (control.type === "range") control.value = slid.place(value);
		else if (control.type !== "number" || control !== document.activeElement) control.value = value;
	}
	byId("wishes").querySelector("output").textContent = state.threshold ? `≥ ${state.threshold}` : "all";
}
