// @ts-nocheck
// DOM helpers. Text enters the page only here, never as markup.

export const byId = (id) => document.getElementById(id);

/** Namespaces, read from the document: the page contains no URL. */
const [HTML, SVG] = [document.body, byId("svg")].map((node) => node.namespaceURI);

/** Creates an element: "p.note" or "path"; attributes ("on…": listeners); children. */
export function el(name, ...rest) {
	const [tag, kind] = name.split(".");
	const node = document.createElementNS(/^(svg|path)$/.test(tag) ? SVG : HTML, tag);
	const attributes = rest[0]?.constructor === Object ? rest.shift() : {};
	for (const [key, value] of Object.entries({ class: kind, ...attributes })) {
		if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
		else if (key === "style") Object.entries(value).forEach((rule) => node.style.setProperty(...rule));
		else if (key.startsWith("aria-") || (value ?? false) !== false) node.setAttribute(key, value);
	}
	node.append(...rest.flat(2).filter((child) => child || child === 0));
	return node;
}

export const button = (text, onclick, more) => el("button", { onclick, ...more }, text);

/** Announces a text to screen readers. */
export const announce = (text) => (byId("live").textContent = text);

/** Redraws a host, then restores the focus by its stop. */
export function keepFocus(host, draw) {
	const stop = host.contains(document.activeElement) && document.activeElement.dataset.stop;
	draw();
	if (stop) host.querySelector(`[data-stop="${stop}"]`)?.focus();
}

/** Steps of the navigation keys: down, right. */
export const ARROWS = {
	ArrowUp: [-1, 0],
	ArrowDown: [1, 0],
	ArrowLeft: [0, -1],
	ArrowRight: [0, 1],
	Home: [0, -Infinity],
	End: [0, Infinity],
};

export const clamp = (i, n) => Math.max(0, Math.min(n - 1, i));

/** Calls `act` for the keys of a table; where it is false, the browser acts. */
export function onKeys(host, table, act) {
	host.addEventListener("keydown", (event) => {
		if (!(event.key in table) || event.ctrlKey || event.metaKey || event.altKey) return;
		if (act(table[event.key]) !== false) event.preventDefault();
	});
}

/** Attributes of a stop of `rovingFocus`; Tab reaches the current one. */
export const focusStop = (stop, current) => ({ "data-stop": stop, tabindex: current ? 0 : -1 });

/** Arrow keys walk through the stops of a host; `strides`: stops per step down and right. */
export function rovingFocus(host, strides = () => [1, 1]) {
	onKeys(host, ARROWS, ([down, right]) => {
		const stops = [...host.querySelectorAll("[data-stop]")];
		const i = stops.indexOf(document.activeElement);
		if (i < 0) return false;
		const [below, beside] = strides();
		const next = stops[clamp(i + down * below + right * beside, stops.length)];
		for (const stop of stops) stop.tabIndex = stop === next ? 0 : -1;
		next.focus();
	});
}
