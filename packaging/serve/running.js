/* running: a run at work, and how far it has come. */
import { make } from './dom.js';
import { ago, number, parts, percent, time, word } from './texts.js';

const OLD = 60; // s: long work tells each second, unless the API or a rate limit keeps it waiting

/* Of the whole range of time; a backfill knows it, other runs do not. */
function share({ from, to, reached, permille, at }, now) {
  const done = permille / 1000;
  return [make('progress', { max: 1000, value: permille, 'aria-hidden': 'true' }), make('span', { class: 'share' },
    ...parts('running.share', { done: percent(done), left: percent(1 - done), from: time(from), to: time(to),
      reached: time(reached) }), now - at > OLD ? ` · ${ago(at, now)}` : '')];
}

/* calls: how many changed since the runs began. now: epoch in seconds. */
export function runningLine(run, calls, now) {
  const dot = make('span', { class: 'dot', 'aria-hidden': 'true' });
  const words = { kind: word('kind', run.kind), time: time(run.started), calls: number(calls) };
  return make('p', { class: 'running' }, make('span', {}, dot, ...parts('running', words)),
    run.progress ? share(run.progress, now) : []);
}
