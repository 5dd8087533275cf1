// @ts-nocheck
// Entry point: state, controls and views.

import { bindControls, fillControls, syncControls } from "./controls.js";
import { DimensionsView } from "./dimensions.js";
import { button, byId, el, focusStop, keepFocus, rovingFocus } from "./dom.js";
import { drawLegend } from "./legend.js";
import { LinesView } from "./lines.js";
import { MatrixView } from "./matrix.js";
import { OverviewView } from "./overview.js";
import { Page } from "./page.js";
import { drawPredictions } from "./predictions.js";
import { weightTable } from "./table.js";
import { TextView } from "./text.js";
import { drawDetails } from "./weight_details.js";

const VIEWS = {
	overview: OverviewView,
	matrix: MatrixView,
	lines: LinesView,
	text: TextView,
	dimensions: DimensionsView,
	compare: MatrixView,
};

const page = new Page(onStateChange, onCursorMove);
let view = null; // the view in the figure
let latest = 0;

/** Prints in light colors; the screen follows the system. */
const setPrinting = (printing) => () => {
	document.documentElement.style.colorScheme = printing ? "light" : "";
	page.printing = printing;
	refresh();
};

/** Updates what depends on the map alone. */
function updateMap() {
	const { about, kept, made } = page.attention;
	fillControls(page);
	byId("about").textContent = about;
	byId("precision").textContent = kept;
	byId("meta").replaceChildren(...made.flatMap(([key, text]) => [el("dt", key), el("dd", text)]));
}

function tab(name) {
	const open = () => page.state.set({ view: name });
	const selected = name === page.state.view;
	const aria = { role: "tab", "aria-controls": "stage", "aria-selected": selected };
	return button(name, open, { ...aria, id: `tab-${name}`, onfocus: open, ...focusStop(name, selected) });
}

function onStateChange(names) {
	page.validateState();
	if (names.includes("map")) updateMap();
	if (names.every((name) => name === "q" || name === "k")) return onCursorMove(false);
	page.matrices.clear();
	refresh();
}

/** Views without a cursor are redrawn on selection only. */
function onCursorMove(hovering) {
	if (!page.ready) return;
	if (view.drawCursor) view.drawCursor();
	else if (!hovering) return refresh();
	updateDetails();
}

/** Redraws once the layers are loaded. */
async function refresh() {
	const turn = ++latest;
	page.ready = false;
	const { state, attention } = page;
	await Promise.all(page.visibleMaps.map((map) => map.load(page.indicesIn(map)[0])));
	if (turn !== latest) return;
	const name = state.view;
	keepFocus(byId("views"), () => byId("views").replaceChildren(...attention.views.map(tab)));
	byId("stage").setAttribute("aria-labelledby", `tab-${name}`);
	if (byId("figure").className !== name) {
		const host = el("div", { id: "figure", class: name });
		byId("figure").replaceWith(host);
		view = new VIEWS[name](host, page);
	}
	const matrix = page.matrixOf(attention);
	keepFocus(byId("figure"), () => view.draw(matrix));
	page.ready = true;
	byId("notes").replaceChildren(...matrix.notes.map((note) => el("li", note)));
	drawLegend(matrix, name, attention);
	byId("caption").textContent = name === "overview" ? "" : headCaption(name);
	updateDetails();
	syncControls(state);
	document.body.dataset.ready = name;
}

/** The name of the head and its caption; the text view is about one row, which has its details. */
function headCaption(name) {
	const { layer, head } = page.state;
	const caption = name === "text" ? "" : page.attention.captions[`${layer}.${head}`];
	return [page.headName, caption].filter(Boolean).join(": ");
}

function updateDetails() {
	const matrix = page.matrixOf(page.attention);
	keepFocus(byId("weight"), () => drawDetails(page, matrix));
	drawPredictions(page, matrix);
	const { row } = page.selection(matrix);
	byId("numbers").replaceChildren(page.state.table && row >= 0 ? weightTable(matrix, row) : "");
}

addEventListener("unhandledrejection", ({ reason }) => {
	byId("figure").textContent = `This page could not be drawn: ${reason}. It needs a browser of 2024.`;
});

rovingFocus(byId("views"));
bindControls(page.state);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", setPrinting(false));
addEventListener("beforeprint", setPrinting(true));
addEventListener("afterprint", setPrinting(false));
updateMap();
new ResizeObserver(refresh).observe(byId("title")); // fires at once, and for each new width
