// A view as a file: PNG with two pixels per CSS pixel, or SVG. `paint` is a call of a painter.

import { SvgContext } from "./svg_context.js";

/** @typedef {import("./heatmap_painter.js").Context} Context */
/** @typedef {{width: number, height: number, ground: string}} ViewSize with the color of the page */

const RATIO = 2;

/**
 * The view as vectors.
 * @param {ViewSize} size @param {string} namespace of SVG @param {(ctx: Context) => void} paint
 */
export function viewSvg({ width, height, ground }, namespace, paint) {
	const svg = new SvgContext(width, height, namespace);
	svg.fillStyle = ground;
	svg.fillRect(0, 0, width, height);
	paint(svg);
	return svg.toString();
}

/**
 * The view as an image. `paint` clears its part, so that the ground is put below it afterwards.
 * @param {ViewSize} size @param {(ctx: Context, ratio: number) => void} paint
 * @returns {Promise<Blob>}
 */
export function viewPng({ width, height, ground }, paint) {
	const canvas = document.createElement("canvas");
	Object.assign(canvas, { width: Math.round(RATIO * width), height: Math.round(RATIO * height) });
	const ctx = canvas.getContext("2d");
	if (!ctx) return Promise.reject(new Error("This browser has no canvas of that size."));
	ctx.scale(RATIO, RATIO);
	paint(ctx, RATIO);
	ctx.globalCompositeOperation = "destination-over";
	ctx.fillStyle = ground;
	ctx.fillRect(0, 0, width, height);
	return new Promise((resolve, reject) => {
		const done = (/** @type {Blob | null} */ blob) =>
			blob ? resolve(blob) : reject(new Error("This browser could not write the image."));
		canvas.toBlob(done, "image/png");
	});
}
