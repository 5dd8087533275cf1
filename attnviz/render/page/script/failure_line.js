// States an error in place of the page, as long as the page is not drawn. Imported first.

/** @param {ErrorEvent} event */
function fail({ error, message }) {
	const line = document.createElement("p");
	line.setAttribute("role", "alert");
	line.textContent = `This page could not be drawn. ${error instanceof Error ? error.message : message}`;
	document.getElementById("app")?.replaceChildren(line);
}

addEventListener("error", fail);

/** The page is drawn. */
export const stopWatching = () => removeEventListener("error", fail);
