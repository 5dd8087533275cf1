// The weights of one head under the options. `notes` lists all that change what is shown.

import { gatherRows, renormalizeRows, rowSums } from "./gather_rows.js";
import { pluralize } from "./number_text.js";
import { groupTokens, sinkKeys } from "./token_groups.js";
import { keepTopKeys } from "./top_keys.js";

/** @typedef {import("./dense_head.js").DenseHead} DenseHead */
/** @typedef {import("./token_groups.js").Token} Token */
/** @typedef {import("./token_groups.js").TokenGroup} TokenGroup */

/**
 * @typedef {object} MapFacts the fields of a map that a matrix needs
 * @property {Token[]} queries
 * @property {Token[]} keys
 * @property {{queries: string[], keys: string[]}} shown printable labels
 * @property {{queries: number[], keys: number[]}} words
 * @property {boolean} signed
 * @property {string} row_sum "1", "at most 1" or "any"
 */

/**
 * @typedef {object} MatrixOptions
 * @property {boolean} [special] show special tokens; true by default
 * @property {boolean} [sinks] show attention sinks, special tokens among them; true by default
 * @property {boolean} [words] merge the pieces of words
 * @property {boolean} [renormalise] divide rows by their sums over the keys shown
 * @property {number} [threshold] do not draw smaller weights
 * @property {number} [top] draw this number of keys per query; 0: all
 * @property {string} [qs] the segment of the queries; "": all
 * @property {string} [ks] the segment of the keys; "": all
 */

/** @typedef {{mark: "∅" | "Σ", meaning: string, values: Float64Array}} Margin */

/** @typedef {{groups: TokenGroup[], groupOf: number[]}} Grouping */

/**
 * Of each map, the grouping that was used last: all heads share it.
 * @type {WeakMap<MapFacts, {key: string, rows: Grouping, columns: Grouping}>}
 */
const groupings = new WeakMap();

/**
 * The rows and columns of a map under the options.
 * @param {MapFacts} map @param {MatrixOptions} options
 */
export function groupMap(map, { special = true, sinks = true, words = false, qs = "", ks = "" }) {
	const key = [special, sinks, words, qs, ks].join();
	const last = groupings.get(map);
	if (last?.key === key) return last;
	const { queries, keys, shown } = map;
	const omits = (/** @type {Token} */ token) => Boolean(token.special) && !(special && sinks);
	const omittedKeys = sinks ? keys.map(omits) : sinkKeys(queries, keys);
	const rows = { segment: qs, words, omitted: queries.map(omits) };
	const columns = { segment: ks, words, omitted: omittedKeys };
	const grouping = {
		key,
		rows: groupTokens(queries, shown.queries, map.words.queries, rows),
		columns: groupTokens(keys, shown.keys, map.words.keys, columns),
	};
	groupings.set(map, grouping);
	return grouping;
}

export class WeightMatrix {
	/** @param {MapFacts} map @param {DenseHead} head @param {MatrixOptions} [options] */
	constructor(map, head, options = {}) {
		const { rows, columns } = groupMap(map, options);
		/** @type {TokenGroup[]} */
		this.rows = rows.groups;
		/** @type {TokenGroup[]} */
		this.columns = columns.groups;
		/** The row of each query, −1 if omitted. */
		this.rowOf = rows.groupOf;
		/** The column of each key, −1 if omitted. */
		this.columnOf = columns.groupOf;
		this.signed = head.signed;
		const members = this.rows.map((group) => group.members);
		const gathered = gatherRows(head, members, this.columnOf, this.columns.length);
		this.values = gathered.values;
		this.masked = gathered.masked;
		this.least = gathered.least;
		this.errors = gathered.errors;
		this.totals = gathered.totals;
		const omitted = [this.rowOf, this.columnOf].map((of) => of.filter((i) => i < 0).length);
		this.renormalized = Boolean(options.renormalise && omitted[1] && !head.signed);
		const refused = this.renormalized ? renormalizeRows(this) : 0;
		/** Whether a weight may exceed those of the map. */
		this.altered = this.renormalized || Boolean(options.words);
		const law = head.rowSum ?? map.row_sum;
		/** Whether a weight is a share of the attention of its query. */
		this.isShare = !head.signed && (law !== "any" || this.renormalized);
		this.margin = this.findMargin(law, gathered.spent, omitted[1]);
		this.isDrawn = keepTopKeys(this, options.threshold ?? 0, options.top ?? 0);
		this.notes = listNotes(options, omitted, this.renormalized, refused);
		if (options.renormalise && head.signed) this.notes.push("Signed weights are not renormalized.");
	}

	/**
	 * A column beside the keys: the weight on no key, or the row sum.
	 * @param {string} law @param {Float64Array} spent @param {number} nOmitted
	 * @returns {Margin | null}
	 */
	findMargin(law, spent, nOmitted) {
		const { signed, totals } = this;
		if (this.renormalized) return null;
		if (law === "at most 1") {
			const values = (signed ? spent : totals).map((sum) => Math.max(0, 1 - sum));
			const shows = !signed || values.some((rest) => rest > 1e-3);
			return shows ? { mark: "∅", meaning: "on no key", values } : null;
		}
		const sumsToZero = signed && totals.every((sum) => Math.abs(sum) < 1e-5);
		if (!nOmitted && (law !== "any" || sumsToZero)) return null;
		return { mark: "Σ", meaning: "row sum", values: nOmitted ? rowSums(this) : totals };
	}

	/** The weights of a row, without a copy. @param {number} r */
	row(r) {
		const n = this.columns.length;
		return this.values.subarray(r * n, r * n + n);
	}

	/** One weight: its value, whether drawn, whether masked. @param {number} r @param {number} c */
	cell(r, c) {
		const i = r * this.columns.length + c;
		const [isDrawn, masked] = [this.isDrawn[i] === 1, this.masked[i] === 1];
		return { value: this.values[i] ?? 0, isDrawn, masked };
	}
}

/**
 * @param {MatrixOptions} options @param {number[]} omitted queries, keys
 * @param {boolean} renormalized @param {number} refused
 */
function listNotes(options, [nQuery, nKey], renormalized, refused) {
	const { words, threshold, top, sinks } = options;
	const counts = `${pluralize(nQuery, "query", "queries")} and ${pluralize(nKey, "key")}`;
	const which = sinks === false ? " (special tokens and attention sinks)" : "";
	return [
		(nKey || nQuery) && `Omitted: ${counts}${which}.`,
		renormalized && "Rows are renormalized over the keys shown.",
		refused &&
			`Not renormalized: ${pluralize(refused, "row")} whose weights are below the stored precision.`,
		nKey && !renormalized && "Rows are not renormalized: weight on omitted keys is not shown.",
		words && "Word pieces merged: summed over keys, averaged over queries.",
		threshold && `Not drawn: weights below ${threshold}.`,
		top && `Drawn: top ${pluralize(top, "key")} per query.`,
	].filter((note) => typeof note === "string");
}
