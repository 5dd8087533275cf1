// Thumbnails in slices: the page stays responsive, and an old picture stays until its new one.

import { nextTask } from "./slices.js";

/**
 * @template T
 * @typedef {object} QueueOptions
 * @property {(item: T) => void | Promise<void>} draw draws one item; a promise where data are loaded first
 * @property {(done: number, all: number) => void} [onProgress] after each slice, and at the end
 * @property {(error: unknown, item: T) => void} [onError] an item that could not be drawn
 * @property {number} [slice] milliseconds of work per task
 */

/** @template T */
export class ThumbnailQueue {
	/** @param {QueueOptions<T>} options */
	constructor({ draw, onProgress = () => {}, onError = () => {}, slice = 12 }) {
		this.draw = draw;
		this.onProgress = onProgress;
		this.onError = onError;
		this.slice = slice;
		/** Increases with each request; the work of earlier ones ends. */
		this.turn = 0;
		/** @type {T[]} */
		this.waiting = [];
	}

	/**
	 * Draws items in this order, instead of those still waiting. Resolves to whether all were
	 * drawn: false if another request came first.
	 * @param {T[]} items
	 */
	async request(items) {
		const turn = ++this.turn;
		this.waiting = [...items];
		let start = performance.now();
		let item;
		while ((item = this.waiting.shift()) !== undefined) {
			await this.drawOne(item);
			if (turn !== this.turn) return false;
			if (performance.now() - start < this.slice) continue;
			this.onProgress(items.length - this.waiting.length, items.length);
			await nextTask();
			if (turn !== this.turn) return false;
			start = performance.now();
		}
		this.onProgress(items.length, items.length);
		return true;
	}

	/** One damaged layer does not stop the others. @param {T} item */
	async drawOne(item) {
		try {
			const pending = this.draw(item);
			if (pending) await pending;
		} catch (error) {
			this.onError(error, item);
		}
	}

	/** Draws items that came into view before the others that wait. @param {(item: T) => boolean} isInView */
	prioritize(isInView) {
		this.waiting.sort((a, b) => Number(isInView(b)) - Number(isInView(a)));
	}

	/** Ends the work; pictures that are drawn stay. */
	cancel() {
		this.turn += 1;
		this.waiting = [];
	}
}
