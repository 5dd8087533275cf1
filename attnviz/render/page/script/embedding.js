// In a frame, as in a notebook: the page states the height that it needs to its host, and takes the
// color scheme of the host. `notebook_host.js` is the other side.

import { setHostScheme } from "./theme.js";

/** Whether the page is shown inside of another one. */
export const isFramed = window.parent !== window;

export const FRAMED_MAP = 480; // height of the map where parts are below each other, in CSS pixels
const [LEAST, MOST] = [560, 960]; // of a page on one screen
const LONGEST = 2400; // of a page of one column

/** The height of the children of a part, whatever the height of the part. @param {HTMLElement} part */
function contentHeight(part) {
	const boxes = [...part.children].map((child) => child.getBoundingClientRect());
	return boxes.length ? Math.max(...boxes.map(({ bottom }) => bottom)) - Math.min(...boxes.map(({ top }) => top)) : 0;
}

/** The height at which no part of the page is cut off, within limits. */
function neededHeight() {
	const [side, main] = [document.getElementById("side"), document.querySelector("main")];
	if (!side || !main) return 0;
	const isOneScreen = getComputedStyle(document.body).display === "flex";
	if (!isOneScreen) return Math.min(LONGEST, Math.ceil(document.body.getBoundingClientRect().height));
	const top = side.getBoundingClientRect().top;
	return Math.ceil(Math.max(LEAST, Math.min(MOST, top + contentHeight(side) + 24)));
}

let sent = 0;

function sendHeight() {
	const height = neededHeight();
	if (Math.abs(height - sent) < 4) return;
	sent = height;
	window.parent.postMessage({ attnviz: { height } }, "*"); // the origin of a notebook is unknown
}

/** Connects the page with its host. @param {HTMLElement} host the element that holds the page */
export function connectHost(host) {
	if (!isFramed) return;
	addEventListener("message", ({ source, data }) => {
		const scheme = data?.attnviz?.scheme;
		if (source === window.parent && (scheme === "light" || scheme === "dark")) setHostScheme(scheme);
	});
	const observer = new ResizeObserver(sendHeight);
	for (const part of [document.body, host, ...document.querySelectorAll("#side, #side > *")]) observer.observe(part);
	window.parent.postMessage({ attnviz: { isReady: true } }, "*");
	sendHeight();
}
