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

/** An array [layer, head, row, column]: value = (code − zero) · peak of the row / top. */
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
		const peaks = new Float64Array(buffer, 0, this.shape[1] * this.shape[2]);
		this.blocks[layer] = { peaks, codes: new CODES[this.codes](buffer, peaks.byteLength) };
	}

	/** The codes of a row and its step. */
	row(layer, head, row) {
		const { peaks, codes } = this.blocks[layer];
		const i = head * this.shape[2] + row;
		const n = this.shape[3];
		return { codes: codes.subarray(i * n, i * n + n), step: peaks[i] / this.top };
	}

	values(layer, head, row) {
		const { codes, step } = this.row(layer, head, row);
		return Float64Array.from(codes, (code) => (code - this.zero) * step);
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
