// @ts-nocheck
// The weights of one head under the options. `notes` lists all that change what is shown.

import { Scale } from "./color.js";
import { formatExact, maxAbs, pluralize } from "./format.js";

/** Groups of tokens (one per row or column), and the group of each token, −1 if omitted. */
function groupTokens(tokens, labels, numbers, wanted, { special, words }) {
	const groups = [];
	const indices = tokens.map(({ segment, ...token }, index) => {
		const word = numbers[index];
		if ((wanted && `${segment}` !== wanted) || (token.special && !special)) return -1;
		const last = groups.at(-1);
		if (words && last?.word === word) {
			last.label += labels[index];
			last.members.push(index);
		} else {
			groups.push({ label: labels[index], members: [index], segment, word });
		}
		return groups.length - 1;
	});
	return [groups, indices];
}

const countOmitted = (indices) => indices.filter((index) => index < 0).length;

export class HeadMatrix {
	constructor(attention, layer, head, state) {
		const { queries, keys, shown, words, signed, row_sum } = attention;
		[this.rows, this.rowOf] = groupTokens(queries, shown.queries, words.queries, state.qs, state);
		[this.columns, this.columnOf] = groupTokens(keys, shown.keys, words.keys, state.ks, state);
		this.gather(attention.weights, layer, head);
		const [nQuery, nKey] = [countOmitted(this.rowOf), countOmitted(this.columnOf)]; // omitted
		const renormalized = state.renormalise && nKey && !signed;
		const refused = renormalized ? this.renormalize() : 0;
		if (row_sum === "at most 1" && !renormalized) {
			if (!signed || this.remainder.some((rest) => rest > 1e-3)) {
				this.margin = ["∅", "on no key", this.remainder];
			}
		} else if (!renormalized && ((row_sum === "any" && !this.sumsToZero(signed)) || nKey)) {
			this.margin = ["Σ", "row sum", nKey ? this.sums() : this.totals];
		}
		const altered = renormalized || state.words; // weights may exceed those of the map
		this.shared = state.scale === "map" && !(altered && row_sum === "any");
		const most = altered ? 1 : attention.largest;
		this.scale = new Scale(state.palette, this.shared ? most : maxAbs(this.values), signed);
		this.filter(state);
		this.notes = [
			(nKey || nQuery) &&
				`Omitted: ${pluralize(nQuery, "query", "queries")} and ${pluralize(nKey, "key")}.`,
			renormalized && "Rows are renormalized over the keys shown.",
			refused &&
				`Not renormalized: ${pluralize(refused, "row")} whose weights are below the stored precision.`,
			nKey && !renormalized && "Rows are not renormalized: weight on omitted keys is not shown.",
			state.words && "Word pieces merged: summed over keys, averaged over queries.",
			state.threshold && `Not drawn: weights below ${state.threshold}.`,
			state.top && `Drawn: top ${pluralize(state.top, "key")} per query.`,
		].filter(Boolean);
	}

	/** Weights [row, column]: summed over keys, averaged over queries of a group. */
	gather(weights, layer, head) {
		const { rows, columns, columnOf } = this;
		const values = new Float64Array(rows.length * columns.length);
		const masked = new Uint8Array(values.length).fill(1);
		const totals = new Float64Array(rows.length); // over all keys, omitted ones too
		const spent = new Float64Array(rows.length); // the same of magnitudes
		const least = new Float64Array(rows.length); // smaller weights are stored as 0
		rows.forEach(({ members }, r) => {
			for (const query of members) {
				const { codes, valueOf, sum, least: bound } = weights.row(layer, head, query);
				totals[r] += sum / members.length;
				least[r] = Math.max(least[r], bound);
				for (let key = 0; key < codes.length; key++) {
					if (codes[key] === weights.hidden) continue;
					const value = valueOf(codes[key]) / members.length;
					spent[r] += Math.abs(value);
					if (columnOf[key] < 0) continue;
					const index = r * columns.length + columnOf[key];
					values[index] += value;
					masked[index] = 0;
				}
			}
		});
		const remainder = (weights.zero ? totals : spent).map((sum) => Math.max(0, 1 - sum));
		Object.assign(this, { values, masked, totals, least, remainder });
	}

	row(r) {
		const n = this.columns.length;
		return this.values.subarray(r * n, r * n + n);
	}

	sums() {
		return Float64Array.from(this.rows, (_, r) => this.row(r).reduce((a, b) => a + b, 0));
	}

	/** Divides rows by their sums, if at most 5 % of a sum is rounding. Returns how many are not. */
	renormalize() {
		let refused = 0;
		this.sums().forEach((sum, r) => {
			const row = this.row(r);
			if (this.least[r] * row.filter((value) => value === 0).length > 0.05 * sum) refused += 1;
			else row.set(row.map((value) => value / (sum || 1)));
		});
		return refused;
	}

	/** Draws cells that are not masked, reach the threshold, and are top keys. */
	filter({ threshold, top }) {
		const n = this.columns.length;
		this.isDrawn = this.masked.map((masked) => 1 - masked);
		if (!threshold && !top) return;
		this.rows.forEach((_, r) => {
			const sizes = this.row(r).map(Math.abs);
			const least = Math.max(threshold, top && top < n ? sizes.toSorted()[n - top] : 0);
			sizes.forEach((size, c) => (this.isDrawn[r * n + c] &&= size >= least));
		});
	}

	/** One weight: its value and text, whether drawn, whether masked. */
	cell(row, column) {
		const index = row * this.columns.length + column;
		const [value, masked] = [this.values[index] ?? 0, this.masked[index] === 1];
		const bound = value === 0 && this.least[row] ? `< ${formatExact(this.least[row])}` : "";
		const text = masked ? "masked" : bound || formatExact(value);
		return { value, masked, isDrawn: this.isDrawn[index] === 1, text };
	}

	/** Whether every row sums to 0, as the differences of rows that sum to 1 do. */
	sumsToZero(signed) {
		return signed && this.totals.every((sum) => Math.abs(sum) < 1e-5);
	}

	/** Columns of visible keys, largest weight first. */
	topKeys(row) {
		const sizes = this.row(row).map(Math.abs);
		const visible = [...sizes.keys()].filter((column) => !this.masked[row * sizes.length + column]);
		return visible.sort((a, b) => sizes[b] - sizes[a]);
	}

	describeRow(row) {
		const key = (column) => `${this.columns[column].label} ${this.cell(row, column).text}`;
		return `${this.rows[row].label} attends to ${this.topKeys(row).slice(0, 3).map(key).join(", ")}`;
	}
}
