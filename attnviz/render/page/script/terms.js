// The terms of the page and their explanations: one wording each, in the glossary and at each term.

import { maps } from "./page_data.js";

/** @typedef {{name: string, text: string}} Term */

/** Terms of every page, in the order of the glossary. @type {[string, string][]} */
const TERMS = [
	["token", "A piece of the text: a word, a part of a word, or a mark."],
	["query", "The token that attends: one row of the matrix."],
	["key", "A token that is attended to: one column of the matrix."],
	["weight", "The share of a query's attention that is on a key. It states what one layer mixes, not the reason of an output."],
	["head", "One attention matrix of a layer. Heads of a layer work side by side."],
	["layer", "A step of the model. Later layers read what earlier ones wrote, so their tokens hold more than their own word."],
	["masked", "A query may not attend to this key, as to later tokens in a causal model. Its weight is exactly 0, and its cell is hatched."],
	["special tokens", "Tokens such as [CLS], [SEP] or <s> that mark the beginning and the end of a text."],
	["attention sink", "A token, often the first, on which many heads put the weight that they do not need."],
	["rank", "The place of a key among all visible keys of its query, largest weight first."],
	["row sum", "Σ: the sum of the weights of a row that are shown."],
	["on no key", "∅: what a row leaves of 1, the weight of its query on no key."],
	["logit", "The score of a token before the softmax over the vocabulary: the larger, the more probable."],
];

/** Terms that only some pages have, by whether this one has them. @type {Record<string, boolean>} */
const APPLIES = { logit: maps.some(({ measures }) => measures.some(({ signed }) => signed)) };

/**
 * The key of a term: names of measures may be those of patterns.
 * @param {"term" | "measure" | "pattern"} kind @param {string} name
 */
export const termKey = (kind, name) => `${kind} ${name}`;

/** All terms of this page by their keys. @type {Map<string, Term>} */
export const terms = new Map([
	...TERMS.filter(([name]) => APPLIES[name] ?? true).map(([name, text]) => entry("term", name, text)),
	...maps.flatMap(({ measures }) => measures.map(({ name, summary, unit }) => entry("measure", name, withUnit(summary, unit)))),
	...maps.flatMap(({ pattern_summaries = {} }) => Object.entries(pattern_summaries).map(([name, text]) => entry("pattern", name, `Pattern: ${text}.`))),
]);

/** @param {"term" | "measure" | "pattern"} kind @param {string} name @param {string} text @returns {[string, Term]} */
function entry(kind, name, text) {
	return [termKey(kind, name), { name, text }];
}

/** A summary as a sentence, with the unit of its numbers. @param {string} summary @param {string} unit */
function withUnit(summary, unit) {
	const has = !unit || summary.includes(unit);
	return `${summary.slice(0, 1).toUpperCase()}${summary.slice(1)}${has ? "" : `, in ${unit}`}.`;
}
