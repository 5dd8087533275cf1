// Where everything of a heatmap goes: cells, labels, the margin. In CSS pixels.

import { el } from "./dom.js";
import { largest } from "./words.js";

const FAMILY = "px system-ui, sans-serif";
const MOST_CELL = 80;
const [LEAST_LETTERS, LETTERS] = [10, 13];

const ruler = el("canvas").getContext("2d");

function widthOf(text) {
	ruler.font = `600 ${LETTERS}${FAMILY}`;
	return ruler.measureText(text).width;
}

/** A label, cut with a mark where it is too long. */
function fitted(text, most) {
	if (widthOf(text) <= most) return text;
	const units = Array.from(new Intl.Segmenter().segment(text.slice(0, 99)), (s) => s.segment);
	while (units.length && widthOf(`${units.join("")}…`) > most) units.pop();
	return `${units.join("")}…`;
}

/**
 * The plan of a heatmap that has `width` × `height` to fill; `zoom` 1 fits it in. The labels of
 * columns lie flat where cells are wide enough, lean where they are not, and stand where even
 * leaning ones would touch.
 */
export function planned(sheet, width, height, zoom = 1) {
	const labels = (groups) => groups.map(({ label }) => fitted(label, width < 480 ? 84 : 132));
	const widest = (texts) => Math.ceil(largest(texts.map(widthOf)));
	const [rows, columns] = [labels(sheet.rows), labels(sheet.columns)];
	const [left, longest] = [widest(rows) + 14, widest(columns)];
	const laid = (turn) => {
		const right = Math.max(sheet.margin ? 72 : 4, 0.7 * longest * Math.sin(2 * turn));
		const top = longest * Math.sin(turn) + (turn ? 16 : 26);
		const [across, down] = [(width - left - right) / columns.length, (height - top) / rows.length];
		const room = Math.min(MOST_CELL, Math.max(1, Math.min(across, down, MOST_CELL)) * zoom);
		const cell = room > 4 ? Math.floor(room) : room;
		const font = `${Math.max(LEAST_LETTERS, Math.min(LETTERS, cell - 1))}${FAMILY}`;
		const size = { w: left + cell * columns.length + right, h: top + cell * rows.length + 2 };
		return { rows, columns, left, top, cell, turn, font, ...size };
	};
	const [flat, leaning, standing] = [0, Math.PI / 4, Math.PI / 2].map(laid);
	if (flat.cell >= longest + 6) return flat;
	return leaning.cell >= 1.5 * LETTERS ? leaning : standing;
}

/** Which of the cells along a side are in sight, when so much of it is scrolled away. */
export function inSight(n, cell, scrolled, room) {
	const from = Math.max(0, Math.floor(scrolled / cell));
	const to = Math.min(n, Math.ceil((scrolled + room) / cell));
	return Array.from({ length: Math.max(0, to - from) }, (_, at) => from + at);
}

/** Of these places the ones whose labels do not touch each other; the marked one always. */
export function thinned(places, cell, marked) {
	const step = Math.ceil((LEAST_LETTERS + 1) / cell);
	const clear = (at) => at % step === 0 && (marked < 0 || Math.abs(at - marked) >= step);
	return places.filter((at) => at === marked || clear(at));
}
