// The terms in the caption of a head, which are explained.

/** @typedef {{word: string, kind: "measure" | "pattern", from: number}} FoundTerm */

/**
 * The terms of a caption, in its order: its pattern, which it begins with, and the entropy, which
 * it ends with. Tokens between them may be the same words.
 * @param {string} caption @param {string} pattern "" for a head without one
 * @returns {FoundTerm[]}
 */
export function findTerms(caption, pattern) {
	const [first, last] = [pattern ? caption.indexOf(`${pattern} `) : -1, caption.lastIndexOf("entropy ")];
	return /** @type {FoundTerm[]} */ ([
		{ word: pattern, kind: "pattern", from: first },
		{ word: "entropy", kind: "measure", from: last },
	]).filter(({ from }, i) => from >= 0 && (i === 0 || from > first));
}
