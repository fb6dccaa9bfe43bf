/* player: plays a recording, or says why it cannot be played. */
import { ApiError, apiUrl } from './api.js';
import { make } from './dom.js';
import { failure, notice, pill } from './parts.js';
import { bytes, t, time } from './texts.js';

const soundUrl = (profile, id) => apiUrl(`/recordings/${encodeURIComponent(profile)}/${encodeURIComponent(id)}/audio`);

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

/* The player itself. play: it begins at once. */
export function player(profile, id, play) {
  const url = soundUrl(profile, id), node = make('div', { class: 'player' });
  const audio = make('audio', { controls: true, preload: play ? 'auto' : 'none', src: url,
    'aria-label': t('player.label') });
  audio.addEventListener('error', () => {
    audio.hidden = true;
    node.replaceChildren(audio);
    explainFailure(url, node);
  });
  node.append(audio);
  // A browser may forbid it: then the reader presses play.
  if (play) audio.play().catch(() => {});
  return node;
}

/* Only https: leads elsewhere: the address comes from a store, and another kind could run a script. */
export function isElsewhere(file) {
  return file.link !== null && file.link.startsWith('https://');
}

export function elsewhere(file) {
  return make('a', { href: file.link, target: '_blank', rel: 'noopener noreferrer' }, t('player.elsewhere'));
}

/* A recording with all that is known of it, for a call's story. */
export function recording(profile, id, file) {
  const known = [file.size !== null ? bytes(file.size) : null, file.content_type, file.reason,
    file.state === 'pending' && file.due !== null ? [t('player.due'), ' ', time(file.due)] : null].filter(Boolean);
  return make('div', {}, make('p', {}, pill('recording', file.state), ...known.flatMap((one) => [' · ', one].flat())),
    file.state !== 'stored' ? null : isElsewhere(file) ? elsewhere(file) : player(profile, id, false));
}
