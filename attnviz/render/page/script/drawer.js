// On a narrow screen the heads are a drawer: a button opens it; a choice, Escape or a tap beside it
// closes it. On a wide screen they are a part of the page, and the drawer is always closed.

import { signal } from "@preact/signals";
import { html } from "./view.js";

export const isDrawerOpen = signal(false);

const BEHIND = ["controls", "sentence", "stage", "side"]; // the parts of the page behind it

/** The button that opened the drawer. */
const opener = () => document.getElementById("open-heads");

/** What is behind the open drawer is out of reach for pointer, keyboard and screen readers. @param {boolean} isOpen */
function setOpen(isOpen) {
	isDrawerOpen.value = isOpen;
	for (const id of BEHIND) document.getElementById(id)?.toggleAttribute("inert", isOpen);
}

function openDrawer() {
	setOpen(true);
	requestAnimationFrame(() => document.getElementById("close-heads")?.focus());
}

/** Closes the drawer; whether it was open. */
export function closeDrawer() {
	if (!isDrawerOpen.value) return false;
	setOpen(false);
	requestAnimationFrame(() => opener()?.focus());
	return true;
}

matchMedia("(max-width: 54rem)").addEventListener("change", ({ matches }) => matches || closeDrawer());

export const DrawerButton = () =>
	html`<button id="open-heads" aria-expanded=${isDrawerOpen.value} aria-controls="heads" onClick=${openDrawer}>Heads</button>`;

export const DrawerEnd = () => html`<button id="close-heads" onClick=${closeDrawer}>Close</button>`;

/** Closes on Escape, also while a text is typed. @param {KeyboardEvent} event */
export function closeOnEscape(event) {
	if (event.key === "Escape" && closeDrawer()) event.stopPropagation();
}

export const Backdrop = () => isDrawerOpen.value && html`<div id="backdrop" onClick=${closeDrawer}></div>`;
