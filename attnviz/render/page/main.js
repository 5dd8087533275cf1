// Puts the page together, and keeps it in step with its state.

import { follow, listen, offerControls } from "./controls.js";
import { DimensionsView } from "./dimensions.js";
import { button, byId, el, redrawn, roving, stop } from "./dom.js";
import { drawLegend } from "./legend.js";
import { LinesView } from "./lines.js";
import { MatrixView } from "./matrix.js";
import { OverviewView } from "./overview.js";
import { Page } from "./page.js";
import { drawSide } from "./side.js";
import { tableOf } from "./table.js";
import { TextView } from "./text.js";

const VIEWS = {
	overview: OverviewView,
	matrix: MatrixView,
	lines: LinesView,
	text: TextView,
	dimensions: DimensionsView,
	compare: MatrixView,
};

const page = new Page(changed, moved);
let shown = null; // the view that stands on the stage
let latest = 0;

/** Paper is light; the screen is what the system wishes. */
const themed = (printing) => () => {
	document.documentElement.style.colorScheme = printing ? "light" : "";
	page.printing = printing;
	refresh();
};

/** What depends on the map alone: the controls and the words around the picture. */
function frame() {
	const { about, kept, made } = page.attention;
	offerControls(page);
	byId("about").textContent = about;
	byId("kept").textContent = kept;
	byId("made").replaceChildren(...made.flatMap(([key, said]) => [el("dt", key), el("dd", said)]));
}

function tab(view) {
	const open = () => page.state.set({ view });
	const chosen = view === page.state.view;
	const about = { role: "tab", id: `tab-${view}`, "aria-controls": "stage", "aria-selected": chosen };
	return button(view, open, { ...about, onfocus: open, ...stop(view, chosen) });
}

function changed(names) {
	page.settle();
	if (names.includes("map")) frame();
	if (names.every((name) => name === "q" || name === "k")) return moved(false);
	page.sheets.clear();
	refresh();
}

/** The cursor or the pointer went elsewhere; views without a cursor are drawn for each choice. */
function moved(pointed) {
	if (!page.ready) return;
	if (shown.cursor) shown.cursor();
	else if (!pointed) return refresh();
	around();
}

/** Draws everything anew, as soon as the layers it needs are unpacked. */
async function refresh() {
	const turn = ++latest;
	page.ready = false; // what is asked for may not have been unpacked yet
	const { state, attention } = page;
	const { view } = state;
	await Promise.all(page.drawn.map((map) => map.load(page.placeIn(map)[0])));
	if (turn !== latest) return;
	redrawn(byId("views"), () => byId("views").replaceChildren(...attention.views.map(tab)));
	byId("stage").setAttribute("aria-labelledby", `tab-${view}`);
	if (byId("figure").className !== view) {
		const host = el("div", { id: "figure", class: view });
		byId("figure").replaceWith(host);
		shown = new VIEWS[view](host, page);
	}
	const sheet = page.sheetOf(attention);
	redrawn(byId("figure"), () => shown.draw(sheet));
	page.ready = true;
	byId("notes").replaceChildren(...sheet.notes.map((note) => el("li", note)));
	const said = [page.headName, attention.captions[`${state.layer}.${state.head}`]];
	drawLegend(sheet, view, attention);
	byId("caption").textContent = view === "overview" ? "" : said.filter(Boolean).join(": ");
	around();
	follow(state);
	document.body.dataset.ready = view;
}

function around() {
	const sheet = page.sheetOf(page.attention);
	redrawn(byId("weight"), () => drawSide(page, sheet));
	const { row } = page.chosen(sheet);
	byId("numbers").replaceChildren(page.state.table && row >= 0 ? tableOf(sheet, row) : "");
}

addEventListener("unhandledrejection", ({ reason }) => {
	byId("figure").textContent = `This page could not be drawn: ${reason}. It needs a browser of 2024.`;
});

roving(byId("views"));
listen(page.state);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", themed(false));
addEventListener("beforeprint", themed(true));
addEventListener("afterprint", themed(false));
frame();
new ResizeObserver(refresh).observe(byId("title")); // draws at once, and for each new width
