// The heads in view, with their weights under the options: decoded once, drawn by all parts.

import { computed, effect, signal } from "@preact/signals";
import { decodeHead } from "./dense_head.js";
import { subtractMatrices } from "./matrix_difference.js";
import { maps } from "./page_data.js";
import { reduceHeads } from "./reduced_heads.js";
import { settings } from "./settings.js";
import { WeightMatrix } from "./weight_matrix.js";

/** @typedef {import("./page_data.js").PageMap} PageMap */
/** @typedef {import("./dense_head.js").DenseHead} DenseHead */
/** @typedef {import("./weight_matrix.js").MatrixOptions} MatrixOptions */

/**
 * @typedef {object} HeadReference a head, or the combination of several ("mean layer", …)
 * @property {PageMap} map
 * @property {number} layer index
 * @property {number} head index
 * @property {string} combine
 */
/** @typedef {HeadReference & {name: string, dense: DenseHead, matrix: WeightMatrix}} ShownHead */

/** What the combinations are called, by the value of the setting. */
export const COMBINATIONS = {
	"": "one head",
	"mean layer": "mean of the layer",
	"max layer": "maximum of the layer",
	"mean head": "mean over layers",
	"max head": "maximum over layers",
	"mean all": "mean of all heads",
	"max all": "maximum of all heads",
};

export const currentMap = computed(() => maps[settings.value.map]);

/** The index of a number, the last where a map has fewer. @param {number[]} all @param {number} n */
const indexOf = (all, n) => (all.includes(n) ? all.indexOf(n) : all.length - 1);

/** @param {PageMap} map @param {number} layer @param {number} head @param {string} [combine] */
const reference = (map, layer, head, combine = "") => ({
	map,
	layer: indexOf(map.layers, layer),
	head: indexOf(map.heads, head),
	combine,
});

/** @param {string} text "layer.head" @returns {[number, number]} */
export const parseHead = (text) => /** @type {[number, number]} */ (text.split(".").map(Number));

/** Pinned heads, [layer, head] numbers. @param {string} pins */
export const parsePins = (pins) => (pins ? pins.split(",").map(parseHead) : []);

/** @type {import("@preact/signals").ReadonlySignal<HeadReference[]>} */
const references = computed(() => {
	const { view, layer, head, combine, heads, pins } = settings.value;
	const map = currentMap.value;
	if (view === "compare") return maps.map((each) => reference(each, layer, head));
	const first = reference(map, layer, head, combine);
	if (view === "lines") {
		const more = heads.split(",").filter(Boolean).map(Number);
		const others = more.filter((number) => number !== head && map.heads.includes(number));
		return [first, ...others.map((number) => reference(map, layer, number))];
	}
	const pinned = parsePins(pins).filter(
		([l, h]) => map.layers.includes(l) && map.heads.includes(h) && !(!combine && l === layer && h === head),
	);
	return [first, ...pinned.slice(0, 3).map(([l, h]) => reference(map, l, h))];
});

/** The name of a head: "layer 3, head 1", or of a combination. @param {HeadReference} shown */
export function headName({ map, layer, head, combine }) {
	const [layerName, headLabel] = [map.lists.layer[layer]?.[1] ?? "no layer", map.head_names[head]];
	if (combine.endsWith("all")) return COMBINATIONS[/** @type {"mean all"} */ (combine)];
	const kind = combine.startsWith("mean") ? "mean" : "maximum";
	if (combine.endsWith("layer")) return `${layerName}, ${kind} of its heads`;
	if (combine.endsWith("head")) return `${headLabel}, ${kind} over layers`;
	return `${layerName}, ${headLabel}`;
}

/** The heads that a combination is made of. @param {HeadReference} shown */
function combinedHeads({ map, layer, head, combine }) {
	const pairs = map.layers.flatMap((_, l) => map.heads.map((__, h) => /** @type {[number, number]} */ ([l, h])));
	return pairs.filter(
		([l, h]) => combine.endsWith("all") || (combine.endsWith("layer") ? l === layer : h === head),
	);
}

const MAX_KEPT = 12; // heads that stay decoded
/** @type {Map<string, DenseHead>} */
const decoded = new Map();

/** @param {HeadReference} shown */
const keyOf = ({ map, layer, head, combine }) => [map.index, layer, head, combine].join();

/** @param {HeadReference} shown @returns {DenseHead | undefined} if it need not be waited for */
function decodedHead(shown) {
	const key = keyOf(shown);
	const { array } = shown.map;
	if (!decoded.has(key) && !shown.combine && array.isLoaded(shown.layer)) {
		keep(key, decodeHead(array, shown.layer, shown.head));
	}
	return decoded.get(key);
}

/** @param {string} key @param {DenseHead} dense */
function keep(key, dense) {
	if (decoded.size >= MAX_KEPT) decoded.delete(/** @type {string} */ (decoded.keys().next().value));
	decoded.set(key, dense);
}

/** @param {HeadReference} shown */
async function load(shown) {
	await Promise.all([shown.map.array, shown.map.queryVectors, shown.map.keyVectors].map((array) => array?.load(shown.layer)));
	if (!shown.combine || decoded.has(keyOf(shown))) return;
	const how = /** @type {"mean" | "max"} */ (shown.combine.split(" ")[0]);
	const dense = await reduceHeads(shown.map.array, combinedHeads(shown), how);
	if (dense) keep(keyOf(shown), dense);
}

/** Why the page cannot be drawn; empty if it can. */
export const failure = signal("");

/** @type {import("@preact/signals").Signal<{wanted: HeadReference[], heads: (HeadReference & {dense: DenseHead})[]}>} */
const ready = signal({ wanted: [], heads: [] });

/** Whether the heads in view are the selected ones, not still those before. */
export const isReady = computed(() => ready.value.wanted === references.value);

/** Decodes the heads in view. The ones before stay in view until these are ready. */
effect(() => {
	const wanted = references.value;
	/** @returns {boolean} whether all are decoded */
	const show = () => {
		const found = wanted.map((shown) => ({ ...shown, dense: decodedHead(shown) }));
		if (!found.every(({ dense, map, layer }) => dense && (map.queryVectors?.isLoaded(layer) ?? true))) return false;
		ready.value = { wanted, heads: /** @type {(HeadReference & {dense: DenseHead})[]} */ (found) };
		failure.value = "";
		return true;
	};
	if (wanted[0].map.layers.length && wanted[0].map.heads.length === 0) return;
	if (show()) return;
	Promise.all(wanted.map(load)).then(
		() => references.peek() === wanted && show(),
		(error) => (failure.value = error.message),
	);
});

/** The options of a matrix; the same object while none of them changes. */
let lastOptions = /** @type {Required<MatrixOptions>} */ ({});
export const options = computed(() => {
	const { special, sinks, words, renormalise, threshold, top, qs, ks } = settings.value;
	const next = { special, sinks, words, renormalise, threshold, top, qs, ks };
	const names = /** @type {(keyof typeof next)[]} */ (Object.keys(next));
	if (names.some((name) => next[name] !== lastOptions[name])) lastOptions = next;
	return lastOptions;
});

/** @type {import("@preact/signals").ReadonlySignal<ShownHead[]>} */
export const shownHeads = computed(() => {
	const chosen = options.value;
	const shown = ready.value.heads.map((head) => ({
		...head,
		name: headName(head),
		matrix: new WeightMatrix(head.map, head.dense, chosen),
	}));
	return settings.value.view === "matrix" && shown.length === 2 ? [...shown, differenceOf(shown)] : shown;
});

/** What two heads beside each other differ in. @param {ShownHead[]} heads @returns {ShownHead} */
function differenceOf([first, second]) {
	const matrix = subtractMatrices(first.matrix, second.matrix);
	return { ...first, name: `${shortName(first)} − ${shortName(second)}`, matrix };
}

/** A head as in lists, "3.1". @param {ShownHead} head */
const shortName = ({ map, layer, head, combine, name }) =>
	combine ? name : `${map.layers[layer]}.${map.heads[head]}`;

/** The selected head: the one of the current map. */
export const mainHead = computed(() => {
	const all = shownHeads.value;
	return all.find(({ map }) => map === currentMap.value) ?? all[0];
});
