/* parts: small things that several views show. */
import { textOf } from './api.js';
import { make } from './dom.js';
import { number, parts, t, time, word } from './texts.js';

const TONES = { accepted: 'good', stored: 'good', done: 'good', pending: 'warn', waiting: 'calm', running: 'info',
  rejected: 'bad', failed: 'bad', lost: 'bad', OK: 'good', WARNING: 'warn', CRITICAL: 'bad', UNKNOWN: 'warn' };

export const toneOf = (name) => TONES[name] || 'calm';

/* A state as a word on a coloured ground. kind: the group of words: state, recording, action, verdict. */
export function pill(kind, name) {
  return make('span', { class: `pill ${toneOf(name)}` }, word(kind, name));
}

const HOST_TIME = /(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) ([+-]\d\d)(\d\d)/;

/* A text that the program wrote, which is English in each language. Its times, in the host's zone, become the
 * reader's. */
export function english(text, attributes = {}) {
  const pieces = text.split(HOST_TIME), shown = [pieces[0]];
  for (let i = 1; i < pieces.length; i += 5) {
    const [date, clock, hours, minutes] = pieces.slice(i, i + 4);
    const at = Date.parse(`${date}T${clock}${hours}:${minutes}`);
    // An API's own words can have a time that no calendar has.
    shown.push(Number.isNaN(at) ? `${date} ${clock} ${hours}${minutes}` : time(at / 1000), pieces[i + 4]);
  }
  return make('span', { lang: 'en', ...attributes }, shown);
}

/* A message. tone: good, warn, bad, info. */
export function notice(tone, ...children) {
  return make('p', { class: `notice ${tone}`, role: tone === 'bad' ? 'alert' : 'status' }, ...children);
}
export function failure(error) {
  const [key, { message = '', ...values }] = textOf(error);
  return notice('bad', ...parts(key, { message: english(message), ...values }));
}

/* null: not counted. */
export function count(value) {
  return make('span', { class: value ? null : 'zero' }, value === null ? '' : number(value));
}

/* The tone of a run's outcome, the same in every view. */
const RUNS = { succeeded: 'good', 'partly sent': 'warn', stopped: 'warn', 'no end yet': 'info' };
export const toneOfRun = (text) => RUNS[text] ?? 'bad';

/* A run's outcome. "failed (69)" has its code in it. */
export function outcome(text) {
  const failed = /^failed \((\d+)\)$/.exec(text);
  return failed === null ? word('outcome', text) : t('outcome.failed', { code: failed[1] });
}

/* work, but never twice at once: what is asked for meanwhile is done once, afterwards. So a busy server gets no more
 * requests than it answers. */
export function oneAtATime(work) {
  let isBusy = false, isWanted = false;
  return async () => {
    isWanted = true;
    if (isBusy) return;
    isBusy = true;
    while (isWanted) {
      isWanted = false;
      await work();
    }
    isBusy = false;
  };
}

/* Asks before something that cannot be taken back. Resolves to true or false. */
export function confirm(title, text, verb) {
  return new Promise((resolve) => {
    const yes = make('button', { class: 'danger', value: 'yes' }, verb);
    const heading = make('h2', { id: 'confirm-title' }, title);
    const dialog = make('dialog', { class: 'ask', 'aria-labelledby': 'confirm-title' },
      make('form', { method: 'dialog' }, heading, make('p', {}, text),
        make('div', { class: 'buttons' }, make('button', { value: 'no' }, t('confirm.no')), yes)));
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
