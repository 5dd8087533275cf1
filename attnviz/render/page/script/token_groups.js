// Tokens as rows and columns of a matrix: one token, or the pieces of a word; some are omitted.

/** @typedef {{label: string, special?: boolean, segment?: number}} Token */

/**
 * @typedef {object} TokenGroup
 * @property {string} label
 * @property {number[]} members positions of its tokens
 * @property {number} [segment]
 * @property {number} [word]
 */

/**
 * @typedef {object} TokenChoice what to omit and to merge
 * @property {string} segment the only segment that is shown; "": all
 * @property {boolean} words merge the pieces of words
 * @property {boolean[]} omitted by position
 */

/**
 * Groups of tokens, one per row or column, and the group of each token, −1 if omitted.
 * @param {Token[]} tokens
 * @param {string[]} labels printable
 * @param {number[]} words the word that each token belongs to
 * @param {TokenChoice} choice
 * @returns {{groups: TokenGroup[], groupOf: number[]}}
 */
export function groupTokens(tokens, labels, words, choice) {
	/** @type {TokenGroup[]} */
	const groups = [];
	const groupOf = tokens.map(({ segment }, position) => {
		const word = words[position];
		if (choice.omitted[position] || (choice.segment && `${segment}` !== choice.segment)) return -1;
		const last = groups.at(-1);
		if (choice.words && last && last.word === word) {
			last.label += labels[position];
			last.members.push(position);
		} else {
			groups.push({ label: labels[position], members: [position], segment, word });
		}
		return groups.length - 1;
	});
	return { groups, groupOf };
}

/**
 * Whether keys are attention sinks: special tokens, and the first token of a text that attends
 * to itself. [key]
 * @param {Token[]} queries @param {Token[]} keys
 */
export function sinkKeys(queries, keys) {
	const same =
		queries.length === keys.length && keys.every(({ label }, i) => label === queries[i].label);
	return keys.map(({ special }, position) => Boolean(special) || (same && position === 0));
}
