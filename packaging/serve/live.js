/* live: the stream of what changes.
 *
 * A browser opens six connections to a server at most, for all its tabs. So only a page that somebody sees has a
 * stream; one that is hidden, or that "back" may show again, has none. */
import { apiUrl, currentSession, heard, lost } from './api.js';

const QUIET = 2000; // ms: news that come in quick succession are told once
const AGAIN = 5000; // ms

/* onChanged(): calls changed, or may have. onRunning({ profiles, calls }): the present runs. Returns { stop }. */
export function listen({ onChanged, onRunning }) {
  let source = null, waiting = 0, again = 0, asking = false;

  function tell() {
    heard();
    if (waiting === 0) waiting = setTimeout(() => {
      waiting = 0;
      onChanged();
    }, QUIET);
  }
  function close() {
    source?.close();
    source = null;
    clearTimeout(waiting);
    clearTimeout(again);
    waiting = again = 0;
  }
  /* The browser connects again by itself, except after an answer that is no stream. The reader is told at once: the
   * server may be away, or the session may have ended. */
  async function fail() {
    if (source?.readyState === EventSource.CLOSED) {
      close();
      again = setTimeout(open, AGAIN);
    }
    if (asking) return;
    asking = true;
    try {
      if (await currentSession() === null) stop();
    } catch {
      lost();
    }
    asking = false;
  }
  function open() {
    if (source !== null || document.hidden) return;
    source = new EventSource(apiUrl('/events'));
    source.addEventListener('open', heard);
    source.addEventListener('changed', tell);
    source.addEventListener('running', (event) => {
      heard();
      onRunning(JSON.parse(event.data));
    });
    source.addEventListener('error', fail);
  }
  const follow = () => (document.hidden ? close() : open());

  function stop() {
    close();
    document.removeEventListener('visibilitychange', follow);
    removeEventListener('pageshow', open);
    removeEventListener('pagehide', close);
  }
  document.addEventListener('visibilitychange', follow);
  addEventListener('pageshow', open);
  addEventListener('pagehide', close);
  open();
  return { stop };
}
