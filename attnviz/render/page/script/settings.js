// The settings of the page, mirrored in its address, so that a view can be shared.

import { signal } from "@preact/signals";
import { maps, pageData } from "./page_data.js";

const VIEWS = ["matrix", "lines", "overview", "compare"];

export const DEFAULTS = {
	view: "",
	map: 0,
	layer: 0, // layers and heads by their original numbers
	head: 0,
	combine: "", // "mean" or "max", a space, and over which heads; empty: the selected head
	heads: "", // further heads in the lines; empty: none
	pins: "", // further heads beside the matrix, "layer.head"
	q: -1, // the selected query and key, by token index; −1: none
	k: -1,
	direction: "to", // of the sentence: "to" or "by"
	rank: "", // heads by this measure, or "pair"; empty: the pair if a key is marked
	filter: "",
	cells: "picture", // of the grid of heads: "picture" or "value"
	find: "",
	threshold: 0,
	top: 0, // 0: all
	palette: "",
	scale: "map",
	curve: "auto",
	limit: 100, // percentile of the weights that has the last color
	special: true,
	sinks: true,
	renormalise: false,
	words: false,
	qs: "", // segments; empty: all
	ks: "",
	zoom: 1,
	table: false,
};

/** @typedef {typeof DEFAULTS} Settings */

/** Changes of these are steps of the browser's history. */
const STEPS = new Set(["view", "map", "layer", "head", "combine", "q", "k", "pins"]);

const start = { ...DEFAULTS, ...pageData.start, q: DEFAULTS.q };

/**
 * A value as the type of its default; the default if invalid.
 * @param {unknown} value @param {unknown} initial
 */
function parse(value, initial) {
	if (typeof value === typeof initial) return value;
	if (typeof initial === "boolean") return value === "true";
	const number = value === "" ? NaN : Number(value);
	return number >= 0 && number < Infinity ? number : initial;
}

/**
 * Settings with values that the maps have.
 * @param {Settings} wanted @returns {Settings}
 */
function validate(wanted) {
	const settings = { ...wanted };
	/** @param {"map" | "layer" | "head" | "palette" | "view"} name @param {(string | number)[]} all */
	const restrict = (name, all) => {
		if (!all.includes(settings[name])) /** @type {any} */ (settings)[name] = all[0] ?? 0;
	};
	restrict("map", [...maps.keys()]);
	const map = maps[settings.map];
	restrict("layer", map.layers);
	restrict("head", map.heads);
	restrict("palette", Object.keys(pageData.palettes));
	const views = VIEWS.filter((view) => map.views.includes(view));
	restrict("view", [...views].sort((a, b) => Number(b === "matrix") - Number(a === "matrix")));
	if (!(settings.q < map.queries.length)) settings.q = -1;
	if (!(settings.k < map.keys.length)) settings.k = -1;
	if (settings.zoom < 1) settings.zoom = 1;
	for (const name of /** @type {const} */ (["q", "k", "top"])) settings[name] = Math.floor(settings[name]);
	settings.top = settings.top >= map.keys.length ? 0 : settings.top;
	return settings;
}

function readAddress() {
	const values = new URLSearchParams(location.hash.slice(1));
	const entries = Object.entries(start).map(([name, initial]) => [
		name,
		parse(values.get(name) ?? initial, initial),
	]);
	return validate(Object.fromEntries(entries));
}

/** The fragment of the address for some settings. @param {Settings} settings */
export function addressOf(settings) {
	const names = /** @type {(keyof Settings)[]} */ (Object.keys(DEFAULTS));
	const changed = names.filter((name) => settings[name] !== initial[name]);
	return `#${new URLSearchParams(changed.map((name) => [name, String(settings[name])]))}`;
}

const initial = validate(start);
export const settings = signal(readAddress());

/**
 * Changes settings. A new selection is a step of the history, unless `replace`.
 * @param {Partial<Settings>} changes @param {{replace?: boolean}} [how]
 */
export function change(changes, { replace = false } = {}) {
	const before = settings.value;
	const parsed = Object.entries(changes).map(([name, value]) => [
		name,
		parse(value, DEFAULTS[/** @type {keyof Settings} */ (name)]),
	]);
	const after = validate({ ...before, ...Object.fromEntries(parsed) });
	const names = /** @type {(keyof Settings)[]} */ (Object.keys(DEFAULTS));
	const changed = names.filter((name) => after[name] !== before[name]);
	if (!changed.length) return;
	settings.value = after;
	const step = !replace && changed.some((name) => STEPS.has(name));
	try {
		history[step ? "pushState" : "replaceState"](null, "", addressOf(after));
	} catch {
		// A notebook frame has no address of its own.
	}
}

for (const type of ["popstate", "hashchange"]) {
	addEventListener(type, () => {
		const read = readAddress();
		if (addressOf(read) !== addressOf(settings.value)) settings.value = read;
	});
}
