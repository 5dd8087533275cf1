// Copies and files of what is shown.

import { signal } from "@preact/signals";
import { copiedCell, copiedRow, fileName } from "./copied_text.js";
import { headCsv } from "./head_csv.js";
import { mapJson } from "./map_json.js";
import { pageData, precision } from "./page_data.js";
import { announcement, mainCell } from "./selection.js";
import { addressOf, settings } from "./settings.js";
import { currentMap, mainHead } from "./shown_heads.js";
import { theme } from "./theme.js";
import { html } from "./view.js";
import { viewPng, viewSvg } from "./view_files.js";
import { viewPicture } from "./view_picture.js";

const SVG = "http://www.w3.org/2000/svg"; // the name of its elements; nothing is requested

const isOpen = signal(false);
const message = signal("");

/** @param {string} text */
function report(text) {
	message.value = text;
	announcement.value = text;
}

/** @param {string} text @param {string} what */
async function copy(text, what) {
	try {
		await navigator.clipboard.writeText(text);
		report(`${what} copied`);
	} catch {
		report(text); // where the clipboard is forbidden, the text can be selected here
	}
}

/** @param {Blob} blob @param {string} name */
function download(blob, name) {
	const link = document.createElement("a");
	link.href = URL.createObjectURL(blob);
	link.download = name;
	link.click();
	setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
	report(`${name} saved`);
}

/** The numbers of the selected head as the command writes them; a combination has its name. */
function headNumbers() {
	const { map, layer, head, combine } = /** @type {NonNullable<typeof mainHead.value>} */ (mainHead.value);
	const all = combine.endsWith("all");
	return {
		layer: all || combine.endsWith("head") ? combine : map.layers[layer],
		head: all || combine.endsWith("layer") ? combine : map.heads[head],
	};
}

/** The name of a file of what is shown. @param {string[]} parts @param {string} ending */
const nameOf = (parts, ending) => fileName([pageData.title, ...parts], ending);

function saveCsv() {
	const main = mainHead.value;
	if (!main) return;
	const { layer, head } = headNumbers();
	const text = headCsv(main.map, main.matrix, layer, head);
	download(new Blob([text], { type: "text/csv" }), nameOf([main.name], "csv"));
}

async function saveJson() {
	const map = currentMap.value;
	const arrays = {
		weights: map.array,
		query_vectors: map.queryVectors ?? undefined,
		key_vectors: map.keyVectors ?? undefined,
	};
	const parts = await mapJson(map, arrays, { onProgress: (done, all) => (message.value = `${done} of ${all}`) });
	if (parts) download(new Blob(parts, { type: "application/json" }), nameOf([map.name], "json"));
}

async function savePng() {
	const { width, height, paint } = viewPicture();
	const blob = await viewPng({ width, height, ground: theme.value.ground }, paint);
	download(blob, nameOf([mainHead.value?.name ?? "", settings.value.view], "png"));
}

function saveSvg() {
	const { width, height, paint } = viewPicture();
	const text = viewSvg({ width, height, ground: theme.value.ground }, SVG, paint);
	download(new Blob([text], { type: "image/svg+xml" }), nameOf([mainHead.value?.name ?? "", settings.value.view], "svg"));
}

/** @param {(name: string, head: NonNullable<typeof mainHead.value>, cell: {row: number, column: number}) => string} write */
function describe(write) {
	const { layer, head } = headNumbers();
	const [main, cell] = [mainHead.value, mainCell.value];
	return main && cell.row >= 0 ? write(`${layer}.${head}`, main, cell) : "";
}

const ACTIONS = /** @type {[string, () => void | Promise<void>][]} */ ([
	["Copy link", () => copy(`${location.href.split("#")[0]}${addressOf(settings.value)}`, "link")],
	["Copy value", () => copy(describe((name, { matrix }, { row, column }) => copiedCell(name, matrix, row, column, precision)), "value")],
	["Copy row", () => copy(describe((name, { matrix }, { row }) => copiedRow(name, matrix, row, precision)), "row")],
	["View as PNG", savePng],
	["View as SVG", saveSvg],
	["Head as CSV", saveCsv],
	["Map as JSON", saveJson],
]);

/** Runs an action; its error is shown in the menu. @param {() => void | Promise<void>} act */
const run = (act) => async () => {
	try {
		await act();
	} catch (error) {
		report(`Not saved: ${error instanceof Error ? error.message : error}`);
	}
};

export function SaveMenu() {
	const close = (/** @type {KeyboardEvent} */ event) => {
		if (event.key !== "Escape" || !isOpen.value) return;
		isOpen.value = false;
		event.stopPropagation();
	};
	const flip = () => {
		isOpen.value = !isOpen.value;
		message.value = "";
	};
	const isDrawn = (/** @type {string} */ name) => name !== "View as SVG" || settings.value.view !== "overview"; // pixels
	return html`<div class="menu" onKeyDown=${close}>
		<button aria-expanded=${isOpen.value} onClick=${flip}>Save ▾</button>
		${isOpen.value && html`<div role="group" aria-label="Save and copy">
			${ACTIONS.filter(([name]) => isDrawn(name)).map(([name, act]) => html`<button onClick=${run(act)}>${name}</button>`)}
			${message.value && html`<output>${message.value}</output>`}
		</div>`}
	</div>`;
}
