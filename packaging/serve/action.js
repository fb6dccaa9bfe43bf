/* action: starts an action, and shows what it says until it has ended. */
import { get } from './api.js';
import { make } from './dom.js';
import { failure, pill } from './parts.js';
import { href } from './route.js';
import { t, word } from './texts.js';

const LOOK_EACH = 700; // ms
const pause = (ms) => new Promise((resolve) => {
  setTimeout(resolve, ms);
});

/* A dry run has changed nothing, and must not sound as if. */
export const actionName = (action, { dry_run: isDry }) => (isDry ? t('act.dry', { action: word('act', action) })
  : word('act', action));

/* Waits for the end of an action. onState(action) is called with each answer, the last one too. Resolves to the action as
 * the API describes it. */
export async function follow(id, onState = () => {}) {
  for (let failures = 0;;) {
    try {
      const now = await get(`/actions/${id}`);
      failures = 0;
      onState(now);
      if (now.state !== 'running') return now;
    } catch (error) {
      failures += 1;
      // The action goes on without the page.
      if (error.status === 401 || failures > 40) throw error;
    }
    await pause(LOOK_EACH);
  }
}

/* Returns { node, ended }: ended resolves to the action as the API describes it, or to null: it could not be
 * started, or nobody knows how it ended; node says why. */
export function runAction(page, profile, action, values) {
  const head = make('p', { role: 'status' }), output = make('pre', { lang: 'en', role: 'log', tabindex: '0',
    'aria-label': t('action.output'), hidden: true });
  const node = make('div', { class: 'result', 'data-state': 'running' }, head, output);

  function show(state, text) {
    if (node.dataset.said !== state) {
      node.dataset.state = state;
      node.dataset.said = state;
      head.replaceChildren(pill('action', state), ' ', actionName(action, values));
    }
    if (output.textContent !== text) output.textContent = text;
    output.hidden = text === '';
    output.scrollTop = output.scrollHeight;
  }

  async function start() {
    show('running', '');
    try {
      const { id } = await page.act(profile, action, values);
      const now = await follow(id, ({ state, output: said }) => show(state, said));
      // A run prints nothing: it writes into the log, and its counts are in the view Runs.
      if (action === 'sync') head.append(' · ', make('a', { href: href('runs', { profile }) }, t('action.runs')));
      page.refreshSummary();
      return now;
    } catch (error) {
      node.dataset.state = 'failed';
      node.replaceChildren(failure(error));
      return null;
    }
  }
  return { node, ended: start() };
}
