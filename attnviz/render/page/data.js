// What the file carries, unpacked only where somebody looks.

import { byId } from "./dom.js";

const CODES = { uint8: Uint8Array, uint16: Uint16Array, int8: Int8Array, int16: Int16Array };

export const island = JSON.parse(byId("data").textContent);

export function bytesOf(base64) {
	const text = atob(base64);
	const bytes = new Uint8Array(text.length);
	for (let at = 0; at < bytes.length; at++) bytes[at] = text.charCodeAt(at);
	return bytes;
}

/** Numbers [layer, head, row, column]: value = (code − zero) · peak of the row / top. */
class Packed {
	constructor(record) {
		Object.assign(this, record, { promised: [], ready: [] });
	}

	/** Resolves when a layer, counted from 0, can be read. */
	load(layer) {
		return (this.promised[layer] ??= this.unpack(layer));
	}

	async unpack(layer) {
		const stream = new Blob([bytesOf(this.layers[layer])]).stream();
		this.layers[layer] = null; // the text is not needed twice
		const inflated = stream.pipeThrough(new DecompressionStream("deflate"));
		const buffer = await new Response(inflated).arrayBuffer();
		const peaks = new Float64Array(buffer, 0, this.shape[1] * this.shape[2]);
		this.ready[layer] = { peaks, codes: new CODES[this.codes](buffer, peaks.byteLength) };
	}

	/** The codes of a row, and the value of one step. */
	row(layer, head, row) {
		const { peaks, codes } = this.ready[layer];
		const at = head * this.shape[2] + row;
		const n = this.shape[3];
		return { codes: codes.subarray(at * n, at * n + n), step: peaks[at] / this.top };
	}

	values(...place) {
		const { codes, step } = this.row(...place);
		return Float64Array.from(codes, (code) => (code - this.zero) * step);
	}
}

export class Attention {
	constructor(record) {
		Object.assign(this, record);
		const there = ["weights", "query_vectors", "key_vectors"].filter((name) => record[name]);
		this.packed = there.map((name) => (this[name] = new Packed(record[name])));
	}

	load(layer) {
		return Promise.all(this.packed.map((numbers) => numbers.load(layer)));
	}
}
