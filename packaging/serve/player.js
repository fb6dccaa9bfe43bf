/* player: plays a recording, or says why it cannot be played. */
import { follow } from './action.js';
import { ApiError, apiUrl, post } from './api.js';
import { make } from './dom.js';
import { english, failure, notice, pill } from './parts.js';
import { bytes, t, time, word } from './texts.js';

const soundPath = (profile, id) => `/recordings/${encodeURIComponent(profile)}/${encodeURIComponent(id)}/audio`;

/* Why the browser got no sound: the server's words, or that the browser cannot play this kind. */
async function explainFailure(url, node) {
  try {
    const answer = await fetch(url, { headers: { Range: 'bytes=0-0' }, redirect: 'manual', cache: 'no-store' });
    if (answer.ok) node.append(notice('warn', t('player.kind'), ' ', make('a', { href: url, download: '' },
      t('player.download'))));
    else if (answer.type === 'opaqueredirect') node.append(make('a', { href: url, target: '_blank',
      rel: 'noopener noreferrer' }, t('player.elsewhere')));
    else {
      const { error } = await answer.json();
      node.append(failure(new ApiError(answer.status, error.code, error.message, 0)));
    }
  } catch {
    node.append(failure(new ApiError(0, 'unreachable', '', 0)));
  }
}

/* A button that fetches the recording from the phone system, and then plays it. */
function fetcher(page, profile, id) {
  if (page.session.read_only) return null;
  const said = make('div'), node = make('div', { class: 'player' });
  const button = make('button', { type: 'button', class: 'fetch', on: { click: async () => {
    button.disabled = true;
    node.setAttribute('aria-busy', 'true');
    said.replaceChildren(notice('info', t('player.fetching')));
    try {
      const { id: action } = await post(soundPath(profile, id), {});
      const ended = await follow(action);
      // The reader has gone on: nobody could stop what plays outside the page.
      if (!node.isConnected) return;
      if (ended.state === 'done') {
        const at = document.activeElement, hasFocus = at === document.body || node.contains(at);
        const made = player(page, profile, id, true);
        node.removeAttribute('aria-busy');
        node.replaceChildren(made);
        if (hasFocus) made.firstElementChild.focus();
        return;
      }
      said.replaceChildren(notice('bad', ended.output ? english(ended.output) : word('action', ended.state)));
    } catch (error) {
      said.replaceChildren(failure(error));
    }
    node.removeAttribute('aria-busy');
    button.disabled = false;
  } } }, t('player.fetch'));
  node.append(button, said);
  return node;
}

/* The player itself. play: it begins at once. */
export function player(page, profile, id, play) {
  const url = apiUrl(soundPath(profile, id)), node = make('div', { class: 'player' });
  const audio = make('audio', { controls: true, preload: play ? 'auto' : 'none', src: url,
    'aria-label': t('player.label') });
  audio.addEventListener('error', () => {
    audio.hidden = true;
    node.replaceChildren(audio);
    explainFailure(url, node).then(() => node.append(fetcher(page, profile, id) ?? ''));
  });
  node.append(audio);
  // A browser may forbid it: then the reader presses play.
  if (play) audio.play().catch(() => {});
  return node;
}

/* Only https: leads elsewhere: the address comes from a store, and another kind could run a script. */
const isElsewhere = ({ state, link }) => state === 'stored' && link !== null && link.startsWith('https://');

/* Whether the recording is on this host's disk. With masks, nobody says where it is. */
export const isHere = (file) => file.state === 'stored' && !isElsewhere(file);

/* What there is for a recording that is not here. */
export function away(page, profile, id, file) {
  return [isElsewhere(file) ? make('a', { href: file.link, target: '_blank', rel: 'noopener noreferrer' },
    t('player.elsewhere')) : null, fetcher(page, profile, id)];
}

/* A recording with all that is known of it, for a call's story. */
export function recording(page, profile, id, file) {
  const known = [file.size !== null ? bytes(file.size) : null, file.content_type, file.reason,
    file.state === 'pending' && file.due !== null ? [t('player.due'), ' ', time(file.due)] : null].filter(Boolean);
  return make('div', {}, make('p', {}, pill('recording', file.state), ...known.flatMap((one) => [' · ', one].flat())),
    isHere(file) ? player(page, profile, id, false) : away(page, profile, id, file));
}
