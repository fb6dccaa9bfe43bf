/* parts: small things that several views show. */
import { explain } from './api.js';
import { make } from './dom.js';
import { number, t, word } from './texts.js';

const TONES = { accepted: 'good', stored: 'good', done: 'good', pending: 'warn', waiting: 'calm', running: 'info',
  rejected: 'bad', failed: 'bad', lost: 'bad', OK: 'good', WARNING: 'warn', CRITICAL: 'bad', UNKNOWN: 'warn' };

export const toneOf = (name) => TONES[name] || 'calm';

/* A state as a word on a coloured ground. kind: the group of words: state, recording, action, verdict. */
export function pill(kind, name) {
  return make('span', { class: `pill ${toneOf(name)}` }, word(kind, name));
}

/* A text that the program wrote, which is English in each language. */
export function english(text, attributes = {}) {
  return make('span', { lang: 'en', ...attributes }, text);
}

/* A message. tone: good, warn, bad, info. */
export function notice(tone, ...children) {
  return make('p', { class: `notice ${tone}`, role: tone === 'bad' ? 'alert' : 'status' }, ...children);
}
export const failure = (error) => notice('bad', explain(error));

export function count(value) {
  return make('span', { class: value === 0 ? 'zero' : null }, value === null ? '' : number(value));
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
