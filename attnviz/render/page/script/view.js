// Templates of the page's elements. Text enters the page only as children of these.

import { html } from "htm/preact";

export { html };

/** @typedef {any} Node what a component returns */
