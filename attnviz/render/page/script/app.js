// The page on one screen: bar, sentence, heads, map and details.

import { Select, Stepper } from "./controls.js";
import { Detail, Sheet } from "./detail.js";
import { Backdrop, DrawerButton } from "./drawer.js";
import { Glossary, isOpen } from "./glossary.js";
import { HeadsPanel } from "./heads_panel.js";
import { Legend, Metadata } from "./legend.js";
import { Options, SinkSwitch } from "./options.js";
import { LogitLens } from "./logit_lens.js";
import { maps, pageData } from "./page_data.js";
import { Predictions } from "./predictions.js";
import { SaveMenu } from "./save_menu.js";
import { announcement } from "./selection.js";
import { Sentence } from "./sentence.js";
import { change, settings } from "./settings.js";
import { currentMap, failure } from "./shown_heads.js";
import { Stage } from "./stage.js";
import { Explanation } from "./term.js";
import { Finder } from "./token_finder.js";
import { Tooltip } from "./tooltip.js";
import { Vectors } from "./vectors.js";
import { html } from "./view.js";

/** @type {Record<string, string>} */
const VIEW_NAMES = { matrix: "Matrix", lines: "Lines", overview: "All heads", compare: "Compare" };

function Views() {
	const { views } = currentMap.value;
	const view = (/** @type {string} */ name) => html`<button
		data-view=${name}
		aria-pressed=${settings.value.view === name}
		onClick=${() => change({ view: name })}
	>${VIEW_NAMES[name]}</button>`;
	return html`<div id="views" role="group" aria-label="View">
		${Object.keys(VIEW_NAMES).filter((name) => views.includes(name)).map(view)}
	</div>`;
}

function Bar() {
	const { lists, layers, heads } = currentMap.value;
	return html`<nav id="controls" aria-label="Controls"><div id="bar">
		<${Views} />
		<div id="selectors">
			<${Select} name="map" label=${pageData.choice} pairs=${maps.map(({ name }, i) => [i, name])} />
			<${Stepper} name="layer" pairs=${lists.layer} />
			<${Stepper} name="head" pairs=${lists.head} />
			${layers.length * heads.length > 1 && html`<${DrawerButton} />`}
			<${SinkSwitch} />
			<${Finder} />
			<${SaveMenu} />
			<button id="help" aria-label="glossary and keys" onClick=${() => (isOpen.value = true)}>?</button>
		</div></div>
		<${Options} />
	</nav>`;
}

export function App() {
	if (failure.value) return html`<main><p role="alert" class="failure">This page could not be drawn. ${failure.value}</p></main>`;
	return html`
		<${Bar} />
		<main>
			<${Sentence} />
			<${HeadsPanel} />
			<${Stage} />
			<aside id="side" aria-label="Selected weight and legend">
				<${Detail} /><${Predictions} /><${LogitLens} /><${Vectors} /><${Legend} /><${Metadata} />
			</aside>
		</main>
		<p id="live" class="visually-hidden" aria-live="polite">${announcement.value}</p>
		<${Sheet} />
		<${Backdrop} />
		<${Tooltip} />
		<${Explanation} />
		<${Glossary} />
	`;
}
