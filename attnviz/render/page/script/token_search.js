// Search for tokens: by label, also across the pieces of a word, or by position.

/** @typedef {{from: number, to: number}} TokenRange positions, both included */

const POSITIONS = /^#?(\d{1,9})(?:\s*[-–]\s*(\d{1,9}))?$/;

/** @param {string} text */
const fold = (text) => text.normalize("NFC").toLocaleLowerCase();

/**
 * The tokens at which a text is found, case-insensitively, in order. A number is a position too,
 * "12-20" a range of them; "#12" is a position only.
 * @param {string[]} labels
 * @param {string} text
 * @returns {TokenRange[]}
 */
export function findTokens(labels, text) {
	const wanted = fold(text.trim());
	if (!wanted) return [];
	const byPosition = positionsIn(wanted, labels.length);
	const found = wanted.startsWith("#") && byPosition.length ? [] : findLabels(labels, wanted);
	return uniqueRanges([...byPosition, ...found]);
}

/** @param {string} wanted @param {number} n @returns {TokenRange[]} */
function positionsIn(wanted, n) {
	const match = POSITIONS.exec(wanted);
	if (!match) return [];
	const from = Number(match[1]);
	const to = Math.min(n - 1, Number(match[2] ?? match[1]));
	return from <= to ? [{ from, to }] : [];
}

/**
 * Ranges of tokens whose joined labels contain a text; the shortest at each place.
 * @param {string[]} labels @param {string} wanted
 * @returns {TokenRange[]}
 */
function findLabels(labels, wanted) {
	const folded = labels.map(fold);
	const joined = folded.join("");
	const tokenAt = new Int32Array(joined.length);
	let start = 0;
	folded.forEach((label, i) => {
		tokenAt.fill(i, start, start + label.length);
		start += label.length;
	});
	const found = [];
	for (let at = joined.indexOf(wanted); at >= 0; at = joined.indexOf(wanted, at + 1)) {
		found.push({ from: tokenAt[at], to: tokenAt[at + wanted.length - 1] });
	}
	return found;
}

/** In order of position, without repetition. @param {TokenRange[]} ranges */
function uniqueRanges(ranges) {
	const sorted = ranges.toSorted((a, b) => a.from - b.from || a.to - b.to);
	const isNew = (/** @type {TokenRange} */ { from, to }, /** @type {number} */ i) =>
		i === 0 || from !== sorted[i - 1].from || to !== sorted[i - 1].to;
	return sorted.filter(isNew);
}
