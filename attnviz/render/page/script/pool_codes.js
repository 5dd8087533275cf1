// Max-pooling of stored codes, for pictures of a whole head: of each row and pixel only the
// largest code becomes a weight. Equal to pooling the weights, and much faster.

import { nthLargest } from "./top_keys.js";

/** @typedef {import("./quantized_array.js").QuantizedArray} QuantizedArray */
/** @typedef {import("./weight_matrix.js").Grouping} Grouping */

/**
 * @typedef {object} PooledCells cells as `rasterize` takes them
 * @property {Float64Array} values [row · column] @property {Uint8Array} masked
 * @property {Uint8Array} isDrawn @property {{length: number}} rows @property {{length: number}} columns
 */

/**
 * A head pooled to at most `wide` × `high` cells. Groups of rows and columns are single tokens.
 * @param {QuantizedArray} array @param {number} layer @param {number} head
 * @param {{rows: Grouping, columns: Grouping}} grouping
 * @param {number} wide @param {number} high
 * @param {{threshold?: number, top?: number}} [options]
 * @returns {PooledCells}
 */
export function poolCodes(array, layer, head, grouping, wide, high, { threshold = 0, top = 0 } = {}) {
	const [nRow, nColumn] = [grouping.rows.groups.length, grouping.columns.groups.length];
	const [width, height] = [Math.min(nColumn, Math.floor(wide)), Math.min(nRow, Math.floor(high))];
	const cells = {
		values: new Float64Array(width * height),
		masked: new Uint8Array(width * height).fill(1),
		isDrawn: new Uint8Array(width * height),
		rows: { length: height },
		columns: { length: width },
	};
	const lineOf = binsOf(grouping.rows, height);
	const row = new CodeRow(array, layer, binsOf(grouping.columns, width), width);
	const wanted = top < nColumn ? top : 0;
	lineOf.forEach((line, query) => {
		if (line === height) return;
		const { best, peak } = row.read(head, query);
		const least = Math.max(threshold, wanted ? row.nth(wanted) * peak : 0);
		for (let bin = 0; bin < width; bin++) {
			if (best[bin] >= 0) keepLargest(cells, line * width + bin, row.value(bin), least);
		}
	});
	return cells;
}

/** The bin of each token; omitted ones are in one more bin. @param {Grouping} grouping @param {number} n */
function binsOf({ groups, groupOf }, n) {
	const bin = (/** @type {number} */ group) => Math.floor((group * n) / groups.length);
	return Int32Array.from(groupOf, (group) => (group < 0 ? n : bin(group)));
}

/** @param {PooledCells} cells @param {number} i @param {number} value @param {number} least */
function keepLargest({ values, masked, isDrawn }, i, value, least) {
	const drawn = Math.abs(value) >= least ? 1 : 0;
	const isLarger = drawn === isDrawn[i] && Math.abs(value) > Math.abs(values[i]);
	if (!masked[i] && drawn <= isDrawn[i] && !isLarger) return;
	values[i] = value;
	masked[i] = 0;
	isDrawn[i] = drawn;
}

/** One row at a time: the largest code of each bin of columns, as steps from 0. */
class CodeRow {
	/** @param {QuantizedArray} array @param {number} layer @param {Int32Array} bins @param {number} width */
	constructor(array, layer, bins, width) {
		this.array = array;
		this.block = array.blocks[layer];
		this.bins = bins;
		this.width = width;
		/** The largest magnitude of each bin in steps, −1 where masked. */
		this.best = new Int32Array(width + 1);
		/** Its sign, of signed weights. */
		this.negative = new Uint8Array(width + 1);
		this.steps = new Float64Array(bins.length);
		this.start = 0;
		this.peak = 0;
	}

	/** @param {number} head @param {number} query */
	read(head, query) {
		const i = head * this.array.shape[2] + query;
		this.start = i * this.bins.length;
		this.peak = this.block.peaks[i];
		this.best.fill(-1);
		if (this.array.signed) this.readSigned();
		else this.readUnsigned();
		return this;
	}

	/** Codes below `zero` are masked. */
	readUnsigned() {
		const { best, bins, start } = this;
		const { codes } = this.block;
		const { zero } = this.array.record;
		for (let key = 0; key < bins.length; key++) {
			const step = codes[start + key] - zero;
			if (step > best[bins[key]]) best[bins[key]] = step;
		}
	}

	readSigned() {
		const { best, negative, bins, start } = this;
		const { codes } = this.block;
		const { zero, hidden } = this.array.record;
		for (let key = 0; key < bins.length; key++) {
			const code = codes[start + key];
			const step = Math.abs(code - zero);
			if (code === hidden || step <= best[bins[key]]) continue;
			best[bins[key]] = step;
			negative[bins[key]] = code < zero ? 1 : 0;
		}
	}

	/** The weight of a bin. @param {number} bin */
	value(bin) {
		const value = this.array.shareOfSteps(this.best[bin]) * this.peak;
		return this.array.signed && this.negative[bin] ? -value : value;
	}

	/** The n-th largest share of the row, of the columns that are shown. @param {number} n */
	nth(n) {
		const { bins, start, width } = this;
		const { hidden, zero } = this.array.record;
		const steps = this.steps.fill(0);
		for (let key = 0; key < bins.length; key++) {
			const code = this.block.codes[start + key];
			if (bins[key] < width && code !== hidden) steps[key] = code - zero;
		}
		return this.array.shareOfSteps(nthLargest(steps, n));
	}
}
