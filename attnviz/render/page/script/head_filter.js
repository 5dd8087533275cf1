// A filter of heads, as typed: "> 0.2", "3.1", "layer 3", a pattern such as "previous".

/** @typedef {{name: string, value: number, masked: boolean, pattern?: string}} FilteredHead */
/** @typedef {{matches: (entry: FilteredHead) => boolean, error: string}} HeadFilter */

const COMPARISON = /^(>=|<=|≥|≤|>|<)\s*([−-]?\d*\.?\d+(?:e[−-]?\d+)?)\s*(%?)(?=\s|$)/i;
const UNFINISHED = /^(>=|<=|≥|≤|>|<)/;

/** @type {Record<string, (a: number, b: number) => boolean>} */
const COMPARE = {
	">": (a, b) => a > b,
	"<": (a, b) => a < b,
	">=": (a, b) => a >= b,
	"<=": (a, b) => a <= b,
	"≥": (a, b) => a >= b,
	"≤": (a, b) => a <= b,
};

/**
 * A filter from its text; all of its parts must match. `error` states what cannot be read, and
 * the filter then matches all heads.
 * @param {string} text
 * @returns {HeadFilter}
 */
export function parseFilter(text) {
	/** @type {((entry: FilteredHead) => boolean)[]} */
	const tests = [];
	let rest = text.trim();
	while (rest) {
		const comparison = COMPARISON.exec(rest);
		if (!comparison && UNFINISHED.test(rest)) {
			const error = `"${rest}" is no comparison. Type a number, as in "> 0.2", or part of a name.`;
			return { matches: () => true, error };
		}
		const word = comparison ? comparison[0] : rest.split(/\s(?=[<>≤≥])/)[0];
		tests.push(comparison ? compareWith(comparison) : nameTest(word));
		rest = rest.slice(word.length).trim();
	}
	return { matches: (entry) => tests.every((test) => test(entry)), error: "" };
}

/** @param {RegExpExecArray} comparison */
function compareWith([, sign, digits, percent]) {
	const limit = Number(digits.replaceAll("−", "-")) / (percent ? 100 : 1);
	return (/** @type {FilteredHead} */ { value, masked }) => !masked && COMPARE[sign](value, limit);
}

/** A name "3.1", a layer "3." or "layer 3", or part of a pattern. @param {string} words */
function nameTest(words) {
	const wanted = words.trim().toLowerCase();
	const layer = /^layer\s+(\d+)$/.exec(wanted)?.[1];
	return (/** @type {FilteredHead} */ { name, pattern }) => {
		if (layer !== undefined) return name.startsWith(`${layer}.`);
		if (/^\d+\.$/.test(wanted)) return name.startsWith(wanted);
		if (/^\d+(\.\d+)?$/.test(wanted)) return name === wanted || name.split(".")[0] === wanted;
		return (pattern ?? "").toLowerCase().includes(wanted) || name.toLowerCase() === wanted;
	};
}
