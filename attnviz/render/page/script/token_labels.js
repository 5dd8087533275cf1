// Names of tokens: with their positions where a label repeats, and of cells that hold many.

/** @typedef {{label: string, members: number[]}} LabeledGroup */

/** @type {WeakMap<LabeledGroup[], Set<string>>} */
const repeated = new WeakMap();

/** @param {LabeledGroup[]} groups */
function repeatedLabels(groups) {
	const known = repeated.get(groups);
	if (known) return known;
	const [seen, again] = [new Set(), new Set()];
	for (const { label } of groups) (seen.has(label) ? again : seen).add(label);
	repeated.set(groups, again);
	return again;
}

/**
 * The label of a row or column, with its position where another has the same: "songs (12)".
 * @param {LabeledGroup[]} groups @param {number} i
 */
export function positionLabel(groups, i) {
	const { label, members } = groups[i];
	return repeatedLabels(groups).has(label) ? `${label} (${members[0]})` : label;
}

/**
 * The positions of a row or column: "12", or "12–14" for the pieces of a word.
 * @param {LabeledGroup} group
 */
export function positionText({ members }) {
	const [first, last] = [members[0], members[members.length - 1]];
	return first === last ? `${first}` : `${first}–${last}`;
}

/**
 * The label of a cell of a pooled map: "tokens 421–441 'the…mat'". Without ranges, each is a token.
 * @param {LabeledGroup[]} groups @param {number} i
 * @param {[number, number][] | null | undefined} ranges of each token of the map
 */
export function pooledLabel(groups, i, ranges) {
	if (!ranges) return positionLabel(groups, i);
	const { label, members } = groups[i];
	const [from, to] = [ranges[members[0]][0], ranges[members[members.length - 1]][1]];
	return from === to ? `${label} (${from})` : `tokens ${from}–${to} '${label}'`;
}
