/* texts: the words of the page in the language chosen, and numbers and times as that language writes them. */
import { make } from './dom.js';

export const languages = [['en', 'English'], ['vi', 'Tiếng Việt']];
const KEPT = 'did-optimizer-sync-language';

let texts = {}, locale = 'en', chosen = 'en', formats = {};

export const language = () => chosen;

/* The zone of the reader: all times are shown in it. */
export const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

function wanted() {
  const names = languages.map(([name]) => name);
  let kept = null;
  try {
    kept = localStorage.getItem(KEPT);
  } catch { /* the browser forbids it: the choice lasts until the page is closed */ }
  if (names.includes(kept)) return kept;
  for (const name of navigator.languages) {
    const short = name.split('-')[0].toLowerCase();
    if (names.includes(short)) return short;
  }
  return 'en';
}

/* Throws if the file of texts cannot be had. */
export async function loadTexts(name = wanted()) {
  const answer = await fetch(`texts.${name}.json`);
  if (!answer.ok) throw new Error(`texts.${name}.json: HTTP ${answer.status}`);
  texts = await answer.json();
  chosen = name;
  // The region decides about the order of day and month.
  locale = navigator.languages.find((one) => one.toLowerCase().split('-')[0] === name) || name;
  formats = makeFormats();
  document.documentElement.lang = name;
  try {
    localStorage.setItem(KEPT, name);
  } catch { /* as above */ }
}

/* The text of a key, with {name} replaced by values.name. */
export function t(key, values = {}) {
  return (texts[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

export const has = (key) => key in texts;

/* The same with nodes as values: a list of nodes and texts. */
export function parts(key, values) {
  return (texts[key] ?? key).split(/(\{\w+\})/).filter((part) => part !== '').map((part) => {
    const name = part.slice(1, -1);
    return part[0] === '{' && name in values ? values[name] : part;
  });
}

/* A word that the API has: state, direction, result, ... Others than the known ones are shown as they are. */
export function word(kind, name) {
  if (name === null || name === undefined) return '';
  const key = `${kind}.${name}`;
  return key in texts ? texts[key] : String(name);
}

/* ---- numbers and times ---- */

function makeFormats() {
  const date = (options) => new Intl.DateTimeFormat(locale, { hourCycle: 'h23', ...options });
  const unit = (name, digits) => new Intl.NumberFormat(locale, { style: 'unit', unit: name, unitDisplay: 'short',
    maximumFractionDigits: digits });
  const hour = { hour: '2-digit', minute: '2-digit' };
  return {
    number: new Intl.NumberFormat(locale),
    percent: new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 }),
    clock: date(hour),
    moment: date({ day: 'numeric', month: 'short', ...hour, second: '2-digit' }),
    long: date({ day: 'numeric', month: 'short', year: 'numeric', ...hour, second: '2-digit' }),
    exact: date({ dateStyle: 'full', timeStyle: 'long' }),
    day: date({ day: 'numeric', month: 'short' }),
    weekday: date({ weekday: 'short', day: 'numeric', month: 'short' }),
    relative: new Intl.RelativeTimeFormat(locale, { numeric: 'always', style: 'short' }),
    units: Object.fromEntries(['millisecond', 'second', 'minute', 'hour', 'day', 'byte', 'kilobyte', 'megabyte']
      .map((name) => [name, [unit(name, 0), unit(name, 1)]])),
  };
}

const inUnit = (name, value, digits = 0) => formats.units[name][digits].format(value);

export const number = (value) => formats.number.format(value);
export const percent = (share) => formats.percent.format(share);
export const clock = (epoch) => formats.clock.format(epoch * 1000);
export const day = (epoch) => formats.day.format(epoch * 1000);
export const weekday = (epoch) => formats.weekday.format(epoch * 1000);

export function moment(epoch) {
  const isThisYear = new Date(epoch * 1000).getFullYear() === new Date().getFullYear();
  return (isThisYear ? formats.moment : formats.long).format(epoch * 1000);
}

/* A duration of whole units: the size that says enough. */
function sized(seconds) {
  const value = Math.max(0, Math.round(seconds));
  if (value < 120) return ['second', value];
  if (value < 7200) return ['minute', Math.floor(value / 60)];
  return value < 172800 ? ['hour', Math.floor(value / 3600)] : ['day', Math.floor(value / 86400)];
}
export function span(seconds) {
  const [name, value] = sized(seconds);
  return inUnit(name, value);
}
/* The length of a call: 4:05, or 1:04:05. */
export function lasted(seconds) {
  const two = (value) => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600), minutes = Math.floor(seconds / 60) % 60;
  return `${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(Math.floor(seconds) % 60)}`;
}
export function ago(epoch, now) {
  const [name, value] = sized(now - epoch);
  return formats.relative.format(-value, name);
}
export function took(ms) {
  if (ms < 1000) return inUnit('millisecond', ms);
  return ms < 60000 ? inUnit('second', ms / 1000, ms < 10000 ? 1 : 0) : span(ms / 1000);
}
export function bytes(size) {
  if (size < 1000) return inUnit('byte', size);
  return size < 1e6 ? inUnit('kilobyte', size / 1e3) : inUnit('megabyte', size / 1e6, 1);
}

/* A <time>. Its title is the time with date, seconds and zone. text: in the place of the moment. */
export function time(epoch, text = null) {
  const date = new Date(epoch * 1000);
  if (Number.isNaN(date.getTime())) return make('span', {}, String(epoch));
  return make('time', { datetime: date.toISOString(), title: formats.exact.format(date) },
    text ?? moment(epoch));
}

/* ---- <input type="datetime-local"> ---- */

const two = (value) => String(value).padStart(2, '0');

/* Epoch to the reader's local time, and back. '' is null. */
export function toInput(epoch) {
  if (epoch === null) return '';
  const date = new Date(epoch * 1000);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:` +
    two(date.getMinutes());
}
export function fromInput(text) {
  const epoch = new Date(text).getTime() / 1000;
  return text === '' || Number.isNaN(epoch) ? null : Math.floor(epoch);
}
