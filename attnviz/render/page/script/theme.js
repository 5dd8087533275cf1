// The colors of the stylesheet in the current theme, for drawing on a canvas.

import { computed, signal } from "@preact/signals";

/** @typedef {{ground: string, ink: string, muted: string, accent: string, hatch: string, line: string}} Theme */

const version = signal(0);

/** Whether the page is being printed. */
export const printing = signal(false);

/** @type {import("@preact/signals").ReadonlySignal<Theme>} */
export const theme = computed(() => {
	version.value;
	const style = getComputedStyle(document.documentElement);
	const color = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
	const [ground, ink, muted, accent] = ["ground", "ink", "muted", "accent"].map(color);
	return { ground, ink, muted, accent, hatch: color("hatch"), line: color("line") };
});

/** Whether the ground is light. */
export const isLight = computed(() => {
	const [red, green, blue] = theme.value.ground.match(/[\d.]+/g)?.map(Number) ?? [255, 255, 255];
	return red + green + blue > 384;
});

/** The color scheme of the page that this one is a part of; "": that of the system. */
let hostScheme = "";

/** @param {string} scheme */
function setScheme(scheme) {
	document.documentElement.style.colorScheme = scheme;
	version.value += 1;
}

/** @param {"light" | "dark"} scheme */
export function setHostScheme(scheme) {
	hostScheme = scheme;
	if (!printing.value) setScheme(scheme);
}

/** Prints in light colors; the screen follows the host, or the system. */
const setPrinting = (/** @type {boolean} */ active) => () => {
	printing.value = active;
	setScheme(active ? "light" : hostScheme);
};

for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) {
	matchMedia(query).addEventListener("change", () => (version.value += 1));
}
addEventListener("beforeprint", setPrinting(true));
addEventListener("afterprint", setPrinting(false));
