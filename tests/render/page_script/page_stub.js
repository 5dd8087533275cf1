// A page without a browser: what its scripts read of one, and the texts of what they make.

import { GRAYS, quantizedRecord, selfMap } from "./maps.js";

/** Lets the scripts that are imported next read a page with this map. */
export function openPage(tokens, weights, more = {}) {
	const map = {
		...selfMap(tokens, { layers: weights.map((_, i) => i), heads: weights[0].map((_, i) => i), ...more.map }),
		name: "map",
		views: ["matrix", "lines"],
		head_names: weights[0].map((_, i) => `head ${i}`),
		lists: { layer: weights.map((_, i) => [i, `layer ${i}`]) },
		largest: 1,
		weights: quantizedRecord(weights),
		...more.arrays,
	};
	const data = {
		start: { view: "matrix", q: 0, palette: "gray", layer: 0, head: 0 },
		precision: 3,
		palettes: { gray: Buffer.from(GRAYS).toString("base64") },
		diverging: [],
		defaults: { signed: "gray", plain: null },
		maps: [map],
	};
	Object.assign(globalThis, {
		document: { getElementById: () => ({ textContent: JSON.stringify(data) }), documentElement: {} },
		location: { hash: "" },
		history: { pushState() {}, replaceState() {} },
		addEventListener() {},
		matchMedia: () => ({ matches: true, addEventListener() {} }),
		getComputedStyle: () => ({ getPropertyValue: () => "#ffffff" }),
	});
}

/** The elements of a type in what a component returns, in order; components are called. */
export function elementsOf(node, type) {
	if (Array.isArray(node)) return node.flatMap((each) => elementsOf(each, type));
	if (!node || typeof node !== "object") return [];
	const { children } = node.props ?? {};
	return [...(node.type === type ? [node] : []), ...elementsOf(children, type)];
}

/** The text of an element. */
export function textOf(node) {
	if (Array.isArray(node)) return node.map(textOf).join("");
	if (node && typeof node === "object") return textOf(node.props?.children);
	return node === null || node === undefined || typeof node === "boolean" ? "" : String(node);
}
