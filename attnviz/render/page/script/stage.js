// The map in the middle: a matrix per head in view, lines, or all heads.

import { computed, signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { measureText } from "./canvas.js";
import { Caption } from "./caption.js";
import { FRAMED_MAP, isFramed } from "./embedding.js";
import { HeadsGrid } from "./heads_grid.js";
import { Notes } from "./legend.js";
import { LinesPanel } from "./lines_panel.js";
import { layoutMap } from "./map_layout.js";
import { transform } from "./map_zoom.js";
import { MatrixPanel, zoomBy } from "./matrix_panel.js";
import { observeSize } from "./observe_size.js";
import { markedCell } from "./selection.js";
import { settings } from "./settings.js";
import { currentMap, isReady, shownHeads } from "./shown_heads.js";
import { printing } from "./theme.js";
import { html } from "./view.js";
import { WeightTable } from "./weight_table.js";

/** @typedef {import("./shown_heads.js").ShownHead} ShownHead */

/** Whether all parts are on one screen; else they are below each other, and the page scrolls. */
const isOneScreen = () => matchMedia("(min-width: 54rem) and (min-height: 34rem)").matches && !printing.value;

const PRINTED_HEIGHT = 640; // of the map on paper

/** The room for the map, in CSS pixels. */
const room = signal({ width: 0, height: 0 });

const GAP = 24; // between the maps side by side, with their titles

/** Where each head in view stands: differences below the map that they are the difference of. */
export const places = computed(() => {
	const shown = shownHeads.value;
	const names = shown.map(({ map }) => map.name);
	const isDifference = (/** @type {number} */ i) => settings.value.view === "compare" && names[i].includes(" − ");
	const plain = shown.filter((_, i) => !isDifference(i)).length;
	const below = names.some((_, i) => isDifference(i));
	const { width } = room.value;
	const narrow = width < 480;
	const columns = narrow ? 1 : below ? plain : Math.min(shown.length, shown.length === 4 || !plain || width < 760 ? 2 : 3);
	let next = 0;
	return {
		columns,
		rows: narrow ? 1 : below ? 2 : Math.ceil(shown.length / columns),
		of: shown.map((_, i) => {
			if (!isDifference(i)) return { row: Math.floor(next / columns) + 1, column: (next++ % columns) + 1 };
			const column = names.findIndex((name, j) => !isDifference(j) && names[i].startsWith(`${name} − `));
			return narrow || column < 0 ? null : { row: 2, column: column + 1 };
		}),
	};
});

/** A layout of the same cells for each head in view. */
export const layouts = computed(() => {
	const shown = shownHeads.value;
	const { width, height } = room.value;
	const { columns, rows } = places.value;
	const several = shown.length > 1;
	const across = (width - GAP * (columns - 1)) / columns;
	const tall = several ? Math.max(260, height / rows - GAP - 12) : Math.max(240, height);
	const withMargin = shown.some(({ matrix }) => matrix.margin);
	const layoutsOf = (/** @type {number} */ most) =>
		shown.map(({ matrix }) => layoutMap(matrix, across, most, measureText, { margin: withMargin }));
	const fitted = layoutsOf(tall);
	if (isOneScreen()) return fitted;
	return layoutsOf(Math.min(tall, Math.max(...fitted.map(({ bottom }) => bottom)) + 4)); // no empty room below
});

function Matrices() {
	const shown = shownHeads.value;
	const { of, columns } = places.value;
	const panel = (/** @type {ShownHead} */ head, /** @type {number} */ i) => {
		const place = of[i] && columns > 1 ? { gridRow: of[i].row, gridColumn: of[i].column } : {};
		return html`<div style=${place} key=${`${head.map.index} ${i}`}>
			<${MatrixPanel} shown=${head} layout=${layouts.value[i]} titled=${shown.length > 1} />
		</div>`;
	};
	return html`<div class="frames" style=${{ "--across": columns }}>${shown.map(panel)}</div>`;
}

function ZoomButtons() {
	if (!["matrix", "compare"].includes(settings.value.view) || !layouts.value.length) return null;
	const [first] = shownHeads.value;
	const by = (/** @type {number} */ factor) => () => zoomBy(layouts.value[0], markedCell(first.matrix), factor);
	return html`<div id="tools" role="group" aria-label="Zoom">
		<button aria-label="zoom out" onClick=${by(1 / 1.5)} disabled=${transform.value.k <= 1}>−</button>
		<button aria-label="zoom in" onClick=${by(1.5)}>+</button>
		<button onClick=${by(0)} disabled=${transform.value.k <= 1}>fit</button>
	</div>`;
}

export function Stage() {
	const figure = useRef(/** @type {HTMLElement | null} */ (null));
	const { view } = settings.value;
	useLayoutEffect(() => {
		const node = /** @type {HTMLElement} */ (figure.current);
		const measure = () => {
			const height = printing.value ? PRINTED_HEIGHT : isOneScreen() ? node.clientHeight : isFramed ? FRAMED_MAP : Math.round(0.7 * innerHeight);
			if (node.clientWidth !== room.value.width || height !== room.value.height) {
				room.value = { width: node.clientWidth, height };
			}
		};
		const unobserve = observeSize(node, measure);
		measure();
		const unsubscribe = printing.subscribe(measure);
		return () => {
			unobserve();
			unsubscribe();
		};
	}, []);
	useLayoutEffect(() => {
		if (isReady.value && room.value.width) document.body.dataset.ready = view;
		else delete document.body.dataset.ready;
	});
	const [measured, empty] = [room.value.width > 0, shownHeads.value.length === 0];
	const content = empty ? null : view === "overview" ? html`<${HeadsGrid} />` : view === "lines" ? html`<${LinesPanel} />` : html`<${Matrices} />`;
	return html`<section id="stage" aria-label=${`Map of ${currentMap.value.name}`}>
		<${Notes} />
		<div id="figure" class=${view} ref=${figure}>${measured && content}</div>
		<div class="row"><${Caption} /><${ZoomButtons} /></div>
		<${WeightTable} />
	</section>`;
}
