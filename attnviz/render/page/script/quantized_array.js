// Arrays as the page stores them: integer codes, deflated, one text of base64 per layer.

/** @typedef {Uint8Array | Uint16Array | Int8Array | Int16Array} Codes */

/**
 * @typedef {object} QuantizedRecord
 * @property {"uint8" | "uint16" | "int8" | "int16"} codes
 * @property {string} curve "linear" or "square"
 * @property {number} hidden the code of a masked cell
 * @property {number} zero the code of 0
 * @property {number} top the steps from 0 to the largest magnitude of a row
 * @property {boolean} [planes] of each head, first the low bytes of its codes, then the high ones
 * @property {boolean} rounds_to_zero whether a weight above 0 has the code of 0
 * @property {number[]} shape [layer, head, row, column]
 * @property {(string | null)[]} layers
 */

/**
 * @typedef {object} Block the codes of a layer
 * @property {Float64Array} peaks the largest magnitude of each row
 * @property {Float64Array} sums the exact sum of each row
 * @property {Codes} codes
 */

const CODES = { uint8: Uint8Array, uint16: Uint16Array, int8: Int8Array, int16: Int16Array };

/** The data of the page cannot be read; its message states why. */
export class DataError extends Error {}

/** @param {string} base64 @returns {Uint8Array<ArrayBuffer>} */
export function decodeBase64(base64) {
	if ("fromBase64" in Uint8Array) return /** @type {any} */ (Uint8Array).fromBase64(base64);
	const text = atob(base64);
	const bytes = new Uint8Array(text.length);
	for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
	return bytes;
}

/** An array [layer, head, row, column]: value = peak of the row · curve((code − zero) / top). */
export class QuantizedArray {
	/** @param {QuantizedRecord} record */
	constructor(record) {
		this.record = record;
		this.shape = record.shape;
		/** @type {(string | null)[]} the layers that are not yet decompressed */
		this.texts = [...record.layers];
		/** @type {Promise<void>[]} */
		this.promises = [];
		/** @type {Block[]} */
		this.blocks = [];
		this.shares = sharesOfCodes(record);
	}

	/** Whether rows can hold negative values. */
	get signed() {
		return this.record.codes.startsWith("int");
	}

	/** @param {number} layer */
	isLoaded(layer) {
		return this.blocks[layer] !== undefined;
	}

	/**
	 * Resolves when a layer (by index) can be read; rejects with a DataError.
	 * @param {number} layer
	 */
	load(layer) {
		return (this.promises[layer] ??= this.unpack(layer));
	}

	/** @param {number} layer */
	async unpack(layer) {
		const { codes, shape } = this.record;
		const n = shape[1] * shape[2];
		const buffer = await inflate(this.texts[layer], layer);
		this.texts[layer] = null; // frees the text
		const width = CODES[codes].BYTES_PER_ELEMENT;
		if (buffer.byteLength !== 16 * n + width * n * shape[3]) {
			throw new DataError(`The data of layer ${layer} have the wrong size: the file is damaged.`);
		}
		const [peaks, sums] = [0, 8 * n].map((start) => new Float64Array(buffer, start, n));
		const joined = this.record.planes && joinPlanes(buffer, 16 * n, shape);
		const data = joined ? new CODES[codes](joined) : new CODES[codes](buffer, 16 * n);
		this.blocks[layer] = { peaks, sums, codes: data };
	}

	/**
	 * Writes a row, masked cells as 0, into `out`. Returns the row's exact sum, the magnitude below
	 * which values are stored as 0, and the largest rounding error of a value.
	 * @param {number} layer @param {number} head @param {number} row
	 * @param {Float64Array} out [column]
	 * @param {Uint8Array} [masked] [column]
	 */
	readRow(layer, head, row, out, masked) {
		const { peaks, sums, codes } = this.blocks[layer];
		const { shares } = this;
		const { hidden } = this.record;
		const n = this.shape[3];
		const i = head * this.shape[2] + row;
		const peak = peaks[i];
		for (let column = 0, at = i * n; column < n; column++, at++) {
			out[column] = shares[codes[at] - hidden] * peak;
		}
		if (masked) {
			for (let column = 0, at = i * n; column < n; column++, at++) {
				masked[column] = codes[at] === hidden ? 1 : 0;
			}
		}
		return { sum: sums[i], least: this.leastOf(peak), error: this.errorOf(peak) };
	}

	/**
	 * The magnitude below which the values of a row are stored as 0.
	 * @param {number} peak
	 */
	leastOf(peak) {
		const { rounds_to_zero, curve, top } = this.record;
		return rounds_to_zero ? curveOf(curve, 0.5 / top) * peak : 0;
	}

	/** The share of the row's peak that a magnitude in steps from 0 stands for. @param {number} steps */
	shareOfSteps(steps) {
		return this.shares[this.record.zero - this.record.hidden + steps];
	}

	/** @param {number} peak */
	errorOf(peak) {
		const { curve, top } = this.record;
		return ((curve === "square" ? 1 : 0.5) * peak) / top;
	}

	/**
	 * The values of a row; masked ones are 0.
	 * @param {number} layer @param {number} head @param {number} row
	 * @returns {Float64Array} [column]
	 */
	values(layer, head, row) {
		const out = new Float64Array(this.shape[3]);
		this.readRow(layer, head, row, out);
		return out;
	}
}

/** @param {string} curve @param {number} part */
const curveOf = (curve, part) => (curve === "square" ? part * part : part);

/**
 * The share of the row's peak that each code stands for; masked: 0.
 * @param {QuantizedRecord} record
 * @returns {Float64Array} [code − hidden]
 */
function sharesOfCodes({ hidden, zero, top, curve }) {
	const shares = new Float64Array(zero + top - hidden + 1);
	for (let i = 1; i < shares.length; i++) {
		shares[i] = curveOf(curve, (hidden + i - zero) / top);
	}
	return shares;
}

/**
 * Codes of 16 bits from the low and the high bytes of each head.
 * @param {ArrayBuffer} buffer @param {number} start @param {number[]} shape
 */
function joinPlanes(buffer, start, [, nHead, nRow, nColumn]) {
	const n = nRow * nColumn;
	const codes = new Uint16Array(nHead * n);
	for (let head = 0; head < nHead; head++) {
		const low = new Uint8Array(buffer, start + 2 * head * n, n);
		const high = new Uint8Array(buffer, start + (2 * head + 1) * n, n);
		for (let i = 0; i < n; i++) codes[head * n + i] = low[i] | (high[i] << 8);
	}
	return codes.buffer;
}

/** @param {string | null} base64 @param {number} layer @returns {Promise<ArrayBuffer>} */
async function inflate(base64, layer) {
	if (typeof DecompressionStream === "undefined") {
		throw new DataError("This browser cannot decompress the data. A browser of 2024 is needed.");
	}
	try {
		const stream = new Blob([decodeBase64(base64 ?? "")]).stream();
		return await new Response(stream.pipeThrough(new DecompressionStream("deflate"))).arrayBuffer();
	} catch {
		throw new DataError(`The data of layer ${layer} cannot be read: the file is damaged.`);
	}
}
