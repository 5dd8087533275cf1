// Elements. Foreign text enters the page here and nowhere else, and only ever as text.

export const byId = (id) => document.getElementById(id);

/** Namespaces, from what the parser made: no address stands in this file. */
const [HTML, SVG] = [document.body, byId("svg")].map((made) => made.namespaceURI);

/** An element: "p.said" or "path"; attributes, "on…" being listeners; children. */
export function el(name, ...rest) {
	const [tag, kind] = name.split(".");
	const made = document.createElementNS(/^(svg|path)$/.test(tag) ? SVG : HTML, tag);
	const given = rest[0]?.constructor === Object ? rest.shift() : {};
	for (const [key, value] of Object.entries({ class: kind, ...given })) {
		if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
		else if (key === "style") Object.entries(value).forEach((wish) => made.style.setProperty(...wish));
		else if (key.startsWith("aria-") || (value ?? false) !== false) made.setAttribute(key, value);
	}
	made.append(...rest.flat(2).filter((child) => child || child === 0));
	return made;
}

export const button = (text, onclick, more) => el("button", { onclick, ...more }, text);

/** Says something to those who listen to the page instead of looking at it. */
export const say = (text) => (byId("live").textContent = text);

/** Draws anew, then gives the focus back to whatever stands in the same place. */
export function redrawn(host, draw) {
	const place = host.contains(document.activeElement) && document.activeElement.dataset.place;
	draw();
	if (place) host.querySelector(`[data-place="${place}"]`)?.focus();
}

/** How far keys go: down, and to the right. */
export const ARROWS = {
	ArrowUp: [-1, 0],
	ArrowDown: [1, 0],
	ArrowLeft: [0, -1],
	ArrowRight: [0, 1],
	Home: [0, -Infinity],
	End: [0, Infinity],
};

export const within = (at, n) => Math.max(0, Math.min(n - 1, at));

/** Lets the keys of a table act, unless they are meant for the browser, or `act` says false. */
export function keyed(host, table, act) {
	host.addEventListener("keydown", (event) => {
		if (!(event.key in table) || event.ctrlKey || event.metaKey || event.altKey) return;
		if (act(table[event.key]) !== false) event.preventDefault();
	});
}

/** What `roving` walks through: its place, and whether it is the one that Tab comes to. */
export const stop = (place, current) => ({ "data-place": place, tabindex: current ? 0 : -1 });

/** Lets arrow keys walk through the stops of a host; `strides`: how far down and right lead. */
export function roving(host, strides = () => [1, 1]) {
	keyed(host, ARROWS, ([down, right]) => {
		const all = [...host.querySelectorAll("[data-place]")];
		const here = all.indexOf(document.activeElement);
		if (here < 0) return false;
		const [below, beside] = strides();
		const there = all[within(here + down * below + right * beside, all.length)];
		for (const one of all) one.tabIndex = one === there ? 0 : -1;
		there.focus();
	});
}
