// Zoom and position of the map: wheel and pinch at the pointer, drag, keys.

import { select as selectNode } from "d3-selection";
import { zoom as d3Zoom, zoomIdentity } from "d3-zoom";
import { signal } from "@preact/signals";
import { clampTransform, maxScale } from "./map_layout.js";
import { change } from "./settings.js";

/** @typedef {import("./map_layout.js").MapLayout} MapLayout */
/** @typedef {{x: number, y: number, k: number}} Transform of the cells, right of and below the labels */

/** One transform for all maps in view. @type {import("@preact/signals").Signal<Transform>} */
export const transform = signal({ x: 0, y: 0, k: 1 });

/** The zoom of d3 has its origin at the corner of the canvas, ours at that of the cells. */
const toD3 = (/** @type {Transform} */ { x, y, k }, /** @type {MapLayout} */ { left, top }) =>
	zoomIdentity.translate(x - (k - 1) * left, y - (k - 1) * top).scale(k);

const fromD3 = (/** @type {Transform} */ { x, y, k }, /** @type {MapLayout} */ { left, top }) => ({
	x: x + (k - 1) * left,
	y: y + (k - 1) * top,
	k,
});

/** At full size the page scrolls: it is neither dragged with one finger nor made smaller by the wheel. */
function isZoom(/** @type {any} */ event) {
	if (event.button) return false;
	if (transform.value.k > 1) return true;
	if (event.type === "wheel") return event.deltaY < 0;
	return event.touches ? event.touches.length > 1 : true;
}

/** Remembers the zoom in the address once it rests. */
let resting = 0;
function remember() {
	clearTimeout(resting);
	const rounded = Math.round(100 * transform.value.k) / 100;
	resting = Number(setTimeout(() => change({ zoom: rounded }, { replace: true }), 150));
}

/** Sets the transform. @param {Transform} next */
export function setTransform(next) {
	const { x, y, k } = transform.value;
	if (next.x === x && next.y === y && next.k === k) return;
	transform.value = next;
	remember();
}

/**
 * Connects wheel, pinch and drag on a canvas; returns what disconnects them.
 * @param {HTMLCanvasElement} canvas @param {() => MapLayout} layoutOf
 */
export function connectZoom(canvas, layoutOf) {
	const layout = layoutOf();
	const node = selectNode(canvas);
	const zoom = d3Zoom()
		.filter(isZoom)
		.clickDistance(4)
		.scaleExtent([1, maxScale(layout)])
		.extent([[layout.left, layout.top], [layout.left + layout.w, layout.top + layout.h]])
		.constrain((wanted) => toD3(clampTransform(layoutOf(), fromD3(wanted, layoutOf())), layoutOf()))
		.on("zoom", (/** @type {any} */ event) => {
			if (event.sourceEvent) setTransform(fromD3(event.transform, layoutOf()));
		});
	node.call(/** @type {any} */ (zoom)).on("dblclick.zoom", null);
	const stopFollowing = transform.subscribe((value) => {
		/** @type {any} */ (canvas).__zoom = toD3(value, layoutOf());
	});
	return () => {
		stopFollowing();
		node.on(".zoom", null);
	};
}

