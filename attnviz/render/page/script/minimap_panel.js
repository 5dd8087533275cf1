// The minimap: the whole head, and the part of it that is in view.

import { useSignalEffect } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { canvasContext } from "./canvas.js";
import { setTransform, transform } from "./map_zoom.js";
import { minimapTarget, paintMinimap } from "./minimap.js";
import { theme } from "./theme.js";
import { html } from "./view.js";

const SIZE = 96;

/** @param {{painter: import("./heatmap_painter.js").HeatmapPainter, layout: import("./map_layout.js").MapLayout}} props */
export function Minimap({ painter, layout }) {
	const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
	const paint = () => {
		if (!canvas.current || transform.value.k <= 1) return;
		paintMinimap(canvasContext(canvas.current, SIZE, SIZE), painter, SIZE, transform.value, theme.value);
	};
	const painting = useRef(paint);
	painting.current = paint;
	useLayoutEffect(paint);
	useSignalEffect(() => painting.current());
	const go = (/** @type {PointerEvent} */ event) => {
		if (event.buttons || event.type === "click") setTransform(minimapTarget(layout, transform.value, SIZE, event.offsetX, event.offsetY));
	};
	return html`<canvas id="minimap" aria-hidden="true" hidden=${transform.value.k <= 1} ref=${canvas} onPointerMove=${go} onClick=${go}></canvas>`;
}
