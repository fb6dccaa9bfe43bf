/* live: the stream of what changes.
 *
 * A browser opens six connections to a server at most, for all its tabs. So only a page that somebody sees has a
 * stream; one that is hidden, or that "back" may show again, has none. */
import { apiUrl, currentSession, heard, lost, streamProblem } from './api.js';

const QUIET = 2000; // ms: news that come in quick succession are told once
const AGAIN = 5000; // ms
export const REFUSED_AGAIN = 15000; // ms

/* onChanged(): calls changed, or may have. onRunning({ profiles, calls }): the present runs. onRefused(error): the
 * server has no stream for this page, so onChanged is called each REFUSED_AGAIN; null: it has one. Returns { stop }. */
export function listen({ onChanged, onRunning, onRefused }) {
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
  function refuse(error) {
    onRefused(error);
    clearTimeout(again);
    again = setTimeout(() => {
      again = 0;
      onChanged();
      open();
    }, REFUSED_AGAIN);
  }
  /* The browser connects again by itself, except after an answer that is no stream. The reader is told at once: the
   * server may be away, the session may have ended, or the user may have too many streams. */
  async function fail() {
    if (source?.readyState === EventSource.CLOSED) {
      close();
      again = setTimeout(() => {
        again = 0;
        open();
      }, AGAIN);
    }
    if (asking) return;
    asking = true;
    try {
      if (await currentSession() === null) stop();
      else if (again !== 0) {
        const problem = await streamProblem();
        if (problem !== null && again !== 0) refuse(problem);
      }
    } catch {
      lost();
    }
    asking = false;
  }
  function open() {
    if (source !== null || document.hidden) return;
    source = new EventSource(apiUrl('/events'));
    source.addEventListener('open', () => {
      heard();
      onRefused(null);
    });
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
