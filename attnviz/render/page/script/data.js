// @ts-nocheck
// The data of the page. Layers are decompressed on first use.

import { byId } from "./dom.js";

const CODES = { uint8: Uint8Array, uint16: Uint16Array, int8: Int8Array, int16: Int16Array };

export const pageData = JSON.parse(byId("data").textContent);

export function decodeBase64(base64) {
	const text = atob(base64);
	const bytes = new Uint8Array(text.length);
	for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
	return bytes;
}

/** An array [layer, head, row, column]: value = peak of the row · curve((code − zero) / top). */
class QuantizedArray {
	constructor(record) {
		Object.assign(this, record, { promises: [], blocks: [] });
	}

	/** Resolves when a layer (by index) can be read. */
	load(layer) {
		return (this.promises[layer] ??= this.unpack(layer));
	}

	async unpack(layer) {
		const stream = new Blob([decodeBase64(this.layers[layer])]).stream();
		this.layers[layer] = null; // frees the text
		const inflated = stream.pipeThrough(new DecompressionStream("deflate"));
		const buffer = await new Response(inflated).arrayBuffer();
		const n = this.shape[1] * this.shape[2];
		const [peaks, sums] = [0, 8 * n].map((start) => new Float64Array(buffer, start, n));
		const codes = this.planes ? this.joinPlanes(buffer, 16 * n) : buffer.slice(16 * n);
		this.blocks[layer] = { peaks, sums, codes: new CODES[this.codes](codes) };
	}

	/** 16-bit codes, of which all low bytes of a head are stored before its high bytes. */
	joinPlanes(buffer, start) {
		const [, heads, rows, columns] = this.shape;
		const n = rows * columns;
		const codes = new Uint16Array(heads * n);
		for (let h = 0; h < heads; h++) {
			const [low, high] = [0, n].map((at) => new Uint8Array(buffer, start + 2 * h * n + at, n));
			for (let i = 0; i < n; i++) codes[h * n + i] = low[i] | (high[i] << 8);
		}
		return codes.buffer;
	}

	/** The codes of a row, the value of each code, the exact row sum, the largest value stored as 0. */
	row(layer, head, row) {
		const { peaks, sums, codes } = this.blocks[layer];
		const i = head * this.shape[2] + row;
		const n = this.shape[3];
		const curve = this.curve === "square" ? (part) => part * part : (part) => part;
		const valueOf = (code) => curve((code - this.zero) / this.top) * peaks[i];
		const least = this.rounds_to_zero ? curve(0.5 / this.top) * peaks[i] : 0;
		return { codes: codes.subarray(i * n, i * n + n), valueOf, sum: sums[i], least };
	}

	values(layer, head, row) {
		const { codes, valueOf } = this.row(layer, head, row);
		return Float64Array.from(codes, valueOf);
	}
}

export class AttentionMap {
	constructor(record) {
		Object.assign(this, record);
		const names = ["weights", "query_vectors", "key_vectors"].filter((name) => record[name]);
		this.arrays = names.map((name) => (this[name] = new QuantizedArray(record[name])));
	}

	load(layer) {
		return Promise.all(this.arrays.map((array) => array.load(layer)));
	}
}
