// Long work in slices of a few milliseconds, between which the page stays responsive.

/**
 * @typedef {object} SliceOptions
 * @property {(done: number, all: number) => void} [onProgress]
 * @property {() => boolean} [isCurrent] false once the result is not needed
 * @property {number} [slice] milliseconds
 */

const SLICE = 12; // below a frame of 16.7 ms

/** Resolves in a new task; unlike timers, tasks of a channel are not delayed. */
export function nextTask() {
	return new Promise((resolve) => {
		const { port1, port2 } = new MessageChannel();
		port1.onmessage = () => {
			port1.close();
			resolve(undefined);
		};
		port2.postMessage(null);
	});
}

export class Slices {
	/** @param {SliceOptions} options */
	constructor({ onProgress, isCurrent, slice = SLICE }) {
		this.onProgress = onProgress;
		this.isCurrent = isCurrent ?? (() => true);
		this.slice = slice;
		this.start = performance.now();
	}

	/**
	 * Before each step: begins a new task when the slice is used up. False if no longer current.
	 * @param {number} done @param {number} all
	 */
	async next(done, all) {
		if (performance.now() - this.start >= this.slice) {
			this.onProgress?.(done, all);
			await nextTask();
			this.start = performance.now();
		}
		return this.isCurrent();
	}
}
