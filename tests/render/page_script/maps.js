// Maps for the tests: stored arrays and records from nested lists of weights; null is masked.

import { deflateSync } from "node:zlib";

import { QuantizedArray } from "../../../attnviz/render/page/script/quantized_array.js";

/** Linear 16-bit codes of weights [layer][head][query][key], as the page stores them. */
export function quantizedRecord(weights, { signed = false, planes = false, ...more } = {}) {
	const [hidden, zero, top] = signed ? [-32768, 0, 32767] : [0, 1, 65534];
	const texts = weights.map((heads) => {
		const rows = heads.flat();
		const peaks = rows.map((row) => Math.max(0, ...row.map(Math.abs)));
		const sums = rows.map((row) => row.reduce((a, b) => a + b, 0));
		const code = (value, peak) => (value === null ? hidden : zero + Math.round((value / (peak || 1)) * top));
		const codes = rows.flatMap((row, i) => row.map((value) => code(value, peaks[i])));
		const words = codeBytes(codes);
		const data = planes ? bytePlanes(words, heads.length) : words;
		const facts = new Uint8Array(Float64Array.from([...peaks, ...sums]).buffer);
		return deflateSync(Buffer.concat([facts, data])).toString("base64");
	});
	const shape = [weights.length, weights[0].length, weights[0][0].length, weights[0][0][0].length];
	const kind = signed ? "int16" : "uint16";
	const rounds_to_zero = false;
	return { codes: kind, curve: "linear", hidden, zero, top, shape, planes, rounds_to_zero, layers: texts, ...more };
}

const codeBytes = (codes) => new Uint8Array(Uint16Array.from(codes, (code) => code & 0xffff).buffer);

function bytePlanes(words, nHead) {
	const size = words.length / nHead;
	const planes = Array.from({ length: nHead }, (_, head) => {
		const bytes = words.subarray(head * size, (head + 1) * size);
		return [...bytes.filter((_, i) => i % 2 === 0), ...bytes.filter((_, i) => i % 2 === 1)];
	});
	return Uint8Array.from(planes.flat());
}

/** A stored array with all its layers loaded. */
export async function loadedArray(weights, options) {
	const array = new QuantizedArray(quantizedRecord(weights, options));
	await Promise.all(weights.map((_, layer) => array.load(layer)));
	return array;
}

/** Numbers from 0 to 1, the same in each run. */
export function randomNumbers(seed = 7) {
	let state = seed;
	return () => (state = (state * 16807) % 2147483647) / 2147483647;
}

/** Random causal rows of n tokens, whose magnitudes sum to 1. */
export function randomRows(n, { signed = false, random = randomNumbers() } = {}) {
	return Array.from({ length: n }, (_, q) => {
		const mass = Array.from({ length: q + 1 }, () => random() ** 3);
		const sum = mass.reduce((a, b) => a + b);
		const sign = () => (signed && random() < 0.5 ? -1 : 1);
		return Array.from({ length: n }, (_, k) => (k > q ? null : (sign() * mass[k]) / sum));
	});
}

const asToken = (token) => (typeof token === "string" ? { label: token } : token);

/** The fields of a map of a text that attends to itself; tokens are labels or records. */
export function selfMap(tokens, more = {}) {
	const list = tokens.map(asToken);
	const labels = list.map(({ label }) => label);
	const words = list.map((_, i) => i);
	return {
		queries: list,
		keys: list,
		shown: { queries: labels, keys: labels },
		words: { queries: words, keys: words },
		signed: false,
		row_sum: "1",
		layers: [0],
		heads: [0],
		...more,
	};
}

/** The palette from black to white, with the ink of best contrast. */
export const GRAYS = Uint8Array.from({ length: 1024 }, (_, i) =>
	i % 4 < 3 ? i >> 2 : i >> 2 > 117 ? 0 : 255,
);

export const close = (a, b, error = 1e-4) => Math.abs(a - b) <= error;

/** The colors of a light page. */
export const THEME = { ground: "#fdfdfb", ink: "#1d1e21", muted: "#66696f", accent: "#c2410c", hatch: "#c4c4be" };

/** Tokens that would be markup, a formula or no text elsewhere. */
export const HOSTILE = ['<script>alert("x")</script>', "]]>", "=1+1", 'a"b,c', "a\nb", "\u0000", "\ud800", "😀‍👩", "עברית"];
