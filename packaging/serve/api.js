/* api: requests to /api/v1, and whether the server answers. */
import { has, t } from './texts.js';

const BASE = new URL('api/v1', document.baseURI).href;

export const apiUrl = (path) => BASE + path;

export class ApiError extends Error {
  constructor(status, code, message, wait) {
    super(message);
    this.status = status;
    this.code = code;
    this.wait = wait; // seconds until the next try makes sense; 0: not said
  }
}

/* What happened: the key of a text, and its values. The message is the program's own, in English. */
export function textOf(error) {
  const { message } = error;
  if (!(error instanceof ApiError)) return ['error.page', { message }];
  if (error.code === 'too_many_attempts' && error.wait > 0)
    return ['error.wait', { minutes: Math.ceil(error.wait / 60) }];
  const key = `error.${error.code}`;
  return [has(key) ? key : 'error.failed', { message }];
}
export const explain = (error) => t(...textOf(error));

/* ---- the connection ---- */

/* heard: when the server last answered, by this browser's clock in ms. lost: it did not answer the last request. */
export const connection = { heard: 0, lost: false };
const listeners = { connection: () => {}, session: () => {} };

/* onConnection: the connection was lost, or is back. onSession: the session has ended. */
export function onConnection(listener) {
  listeners.connection = listener;
}
export function onSession(listener) {
  listeners.session = listener;
}

export function heard() {
  const wasLost = connection.lost;
  connection.heard = Date.now();
  connection.lost = false;
  if (wasLost) listeners.connection();
}
export function lost() {
  const wasLost = connection.lost;
  connection.lost = true;
  if (!wasLost) listeners.connection();
}

/* ---- requests ---- */

let csrf = null;

async function send(method, path, body) {
  const headers = {};
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (method !== 'GET' && csrf !== null) headers['X-CSRF-Token'] = csrf;
  try {
    // Answers take some ms: a server that takes so long is as bad as none.
    const signal = AbortSignal.timeout(12000);
    const answer = await fetch(apiUrl(path), { method, headers, signal, cache: 'no-store', redirect: 'error',
      body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await answer.text();
    return { answer, text };
  } catch {
    lost();
    throw new ApiError(0, 'unreachable', 'the server does not answer', 0);
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/* The answer's object. Throws ApiError. */
async function ask(method, path, body) {
  const { answer, text } = await send(method, path, body);
  const object = parse(text);
  // A proxy in front of the server answers too when the server is down, but not with the API's JSON.
  if (object === null || (!answer.ok && object.error === undefined)) {
    lost();
    throw new ApiError(answer.status, 'unreachable', `HTTP ${answer.status}`, 0);
  }
  heard();
  if (answer.ok) return object;
  const { code, message } = object.error;
  if (answer.status === 401 && code === 'not_logged_in') listeners.session();
  throw new ApiError(answer.status, code, message, Number(answer.headers.get('Retry-After') || 0));
}

/* The query of a path: the parameters that have a value. */
export function query(parameters) {
  const used = Object.entries(parameters).filter(([, value]) => value !== '' && value !== null && value !== undefined);
  return used.length > 0 ? `?${new URLSearchParams(used)}` : '';
}

export const get = (path, parameters = {}) => ask('GET', path + query(parameters));
export const post = (path, body) => ask('POST', path, body);

/* Why the server refuses a stream, which the browser does not tell; null: it does not. Throws if it is away. */
export async function streamProblem() {
  const ended = new AbortController();
  const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(12000)]);
  const answer = await fetch(apiUrl('/events'), { signal, cache: 'no-store', redirect: 'error' });
  try {
    if (answer.ok) return null;
    const { code, message } = JSON.parse(await answer.text()).error;
    return new ApiError(answer.status, code, message, 0);
  } finally {
    ended.abort();
  }
}

/* The session, or null. */
export async function currentSession() {
  try {
    const session = await ask('GET', '/session');
    csrf = session.csrf;
    return session;
  } catch (error) {
    if (error.status === 401) return null;
    throw error;
  }
}
export async function logIn(name, password) {
  const session = await ask('POST', '/session', { name, password });
  csrf = session.csrf;
  return session;
}
export async function logOut() {
  await ask('DELETE', '/session');
  csrf = null;
}
