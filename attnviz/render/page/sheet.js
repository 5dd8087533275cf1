// One head as it is to be looked at: tokens left out or merged, rows renormalised, weights sieved.
// Whatever changes a number says so in `notes`, which the page shows.

import { Scale } from "./colour.js";
import { island } from "./data.js";
import { closely, largest, many } from "./words.js";

/**
 * Tokens as rows or columns: each holds the places of one token, or of a word's pieces. With
 * them the row or column of each token, −1 where it is left out.
 */
function grouped(tokens, shown, wished, { special, words }) {
	const made = [];
	const places = tokens.map(({ segment, word, ...token }, at) => {
		if ((wished && `${segment}` !== wished) || (token.special && !special)) return -1;
		const last = made.at(-1);
		if (words && word !== null && last?.word === word && last.segment === segment) {
			last.label += shown[at];
			last.members.push(at);
		} else {
			made.push({ label: shown[at], members: [at], segment, word });
		}
		return made.length - 1;
	});
	return [made, places];
}

const missing = (places) => places.filter((place) => place < 0).length;

export class Sheet {
	constructor(attention, layer, head, state) {
		const { queries, keys, shown, signed, row_sum } = attention;
		[this.rows, this.rowOf] = grouped(queries, shown.queries, state.qs, state);
		[this.columns, this.columnOf] = grouped(keys, shown.keys, state.ks, state);
		this.gather(attention.weights, layer, head);
		const [left, dropped] = [missing(this.rowOf), missing(this.columnOf)];
		const renormalised = state.renormalise && dropped && !signed;
		if (renormalised) this.renormalise();
		else if (row_sum === "at most 1") this.margin = ["∅", "unspent", this.unspent];
		else if (row_sum === "any" || dropped) this.margin = ["Σ", "row sum", this.sums()];
		const altered = renormalised || state.words; // weights may now exceed what the map holds
		this.shared = state.scale === "map" && !(altered && row_sum === "any");
		const most = altered ? 1 : island.largest;
		this.scale = new Scale(state.palette, this.shared ? most : largest(this.values));
		this.sieve(state);
		this.notes = [
			(dropped || left) &&
				`Left out: ${many(left, "query", "queries")} and ${many(dropped, "key")}.`,
			renormalised && "Rows are renormalised over the keys that are shown.",
			dropped && !renormalised && "Rows are not renormalised: a part went to keys left out.",
			state.words && "Merged: a word receives the sum of its pieces and gives their mean.",
			state.threshold && `Not drawn: weights below ${state.threshold}.`,
			state.top && `Drawn: of each query, the ${many(state.top, "strongest key")}.`,
		].filter(Boolean);
	}

	/** A word receives the sum of what its pieces receive, and gives the mean of what they give. */
	gather(weights, layer, head) {
		const { rows, columns, columnOf } = this;
		const values = new Float64Array(rows.length * columns.length);
		const hidden = new Uint8Array(values.length).fill(1);
		const spent = new Float64Array(rows.length); // on all keys, shown or not
		rows.forEach(({ members }, r) => {
			for (const query of members) {
				const { codes, step } = weights.row(layer, head, query);
				for (let key = 0; key < codes.length; key++) {
					if (codes[key] === weights.hidden) continue;
					const value = ((codes[key] - weights.zero) * step) / members.length;
					spent[r] += value;
					if (columnOf[key] < 0) continue;
					const at = r * columns.length + columnOf[key];
					values[at] += value;
					hidden[at] = 0;
				}
			}
		});
		Object.assign(this, { values, hidden, unspent: spent.map((sum) => Math.max(0, 1 - sum)) });
	}

	row(r) {
		const n = this.columns.length;
		return this.values.subarray(r * n, r * n + n);
	}

	sums() {
		return Float64Array.from(this.rows, (_, r) => this.row(r).reduce((a, b) => a + b, 0));
	}

	renormalise() {
		this.sums().forEach((sum, r) => {
			const row = this.row(r);
			row.set(row.map((value) => value / (sum || 1)));
		});
	}

	sieve({ threshold, top }) {
		const n = this.columns.length;
		this.kept = this.hidden.map((hidden) => 1 - hidden);
		if (!threshold && !top) return;
		this.rows.forEach((_, r) => {
			const sizes = this.row(r).map(Math.abs);
			const least = Math.max(threshold, top && top < n ? sizes.toSorted()[n - top] : 0);
			sizes.forEach((size, c) => (this.kept[r * n + c] &&= size >= least));
		});
	}

	/** One weight: its value, whether it is drawn, whether it is hidden, and how that is said. */
	cell(row, column) {
		const at = row * this.columns.length + column;
		const [value, hidden] = [this.values[at] ?? 0, this.hidden[at] === 1];
		return { value, hidden, drawn: this.kept[at] === 1, said: hidden ? "hidden" : closely(value) };
	}

	/** The keys that a query may look at, strongest first. */
	strongest(row) {
		const sizes = this.row(row).map(Math.abs);
		const seen = [...sizes.keys()].filter((column) => !this.hidden[row * sizes.length + column]);
		return seen.sort((a, b) => sizes[b] - sizes[a]);
	}

	looksAt(row) {
		const key = (column) => `${this.columns[column].label} ${this.cell(row, column).said}`;
		return `${this.rows[row].label} looks at ${this.strongest(row).slice(0, 3).map(key).join(", ")}`;
	}
}
