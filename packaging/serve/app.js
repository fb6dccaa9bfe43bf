/* app: starts the page; shows the login or a view, and above it the state of all profiles and whether the server
 * answers. */
import { connection, currentSession, explain, get, logOut, onConnection, onSession, post } from './api.js';
import { actions } from './actions.js';
import { calls } from './calls.js';
import { make, say, select } from './dom.js';
import { journal } from './journal.js';
import { listen, REFUSED_AGAIN } from './live.js';
import { login } from './login.js';
import { overview } from './overview.js';
import { english, failure, pill } from './parts.js';
import { recordings } from './recordings.js';
import { current, go, href } from './route.js';
import { runs } from './runs.js';
import { storyDialog } from './story.js';
import { ago, clock, language, languages, loadTexts, number, parts, t, time, zone } from './texts.js';

const VIEWS = [['overview', overview], ['calls', calls], ['runs', runs], ['recordings', recordings],
  ['actions', actions, 'admin'], ['journal', journal, 'admin']];
const SUMMARY_EACH = 15000; // ms
const OLD_AFTER = 50000; // ms without an answer: what is shown says nothing about the present

/* A moment by two clocks of this browser: one can be set back, and the other can stand still while the computer sleeps.
 * since(): the ms that have passed. */
const moment = () => ({ clock: Date.now(), steady: performance.now() });
const since = ({ clock: at, steady }) => Math.max(Date.now() - at, performance.now() - steady);
const NEVER = { clock: 0, steady: -Infinity };

/* What the views share. */
const page = {
  session: null, summary: null, received: NEVER, choices: null, refused: null,
  isAdmin: () => page.session.role === 'admin' && !page.session.read_only,
  /* Whether this user sees masked numbers: the server then sorts nothing by them. */
  hasMasks: () => page.session.role !== 'admin' && (page.summary?.profiles ?? []).some(({ masks }) => masks),
  profiles: () => (page.summary ? page.summary.profiles.map(({ name }) => name) : []),
  /* The host's clock, in epoch seconds: that of this browser may be wrong. */
  now: () => (page.summary ? page.summary.now + since(page.received) / 1000 : Date.now() / 1000),
  isOld: () => connection.lost || since(page.received) > OLD_AFTER,
  profileField, act: (profile, action, values = {}) => post('/actions', { profile, action, arguments: values }),
  refreshSummary,
};

let shell = null, view = null, viewName = '', events = null, story = null, asked = 0, askedAt = NEVER;

/* ---- the state of all profiles ---- */

async function refreshSummary() {
  if (page.session === null) return;
  asked += 1;
  askedAt = moment();
  const mine = asked;
  try {
    const summary = await get('/summary');
    if (mine !== asked) return;
    page.summary = summary;
    page.received = moment();
    showState();
    view?.onSummary?.();
  } catch (error) {
    if (page.session !== null && error.status !== 401) showState();
  }
}

const RANK = { OK: 0, WARNING: 1, UNKNOWN: 2, CRITICAL: 3 };

/* The worst verdict of all profiles. If a ledger cannot be read, the verdict of its profile is UNKNOWN. */
function worst() {
  let found = null;
  for (const profile of page.summary.profiles) {
    const verdict = profile.problem !== null ? 'UNKNOWN' : profile.verdict;
    if (found === null || RANK[verdict] > RANK[found]) found = verdict;
  }
  return found ?? 'UNKNOWN';
}

/* Calls and their numbers are then those of an earlier time, in every view. */
function showListProblem(problem) {
  const { list } = shell, shown = problem + language();
  if (list.dataset.problem === shown) return;
  list.dataset.problem = shown;
  list.hidden = problem === null;
  list.replaceChildren(...(problem === null ? [] : parts('list.problem', { problem: english(problem) })));
}

/* The server tells this page of no changes: page.refused says why. */
function showRefused() {
  const { refused } = shell, problem = page.refused === null ? '' : t('live.refused',
    { seconds: number(REFUSED_AGAIN / 1000), reason: explain(page.refused) });
  refused.hidden = problem === '';
  say(refused, problem);
}

/* Nobody has looked, so nobody knows: an old verdict is not shown as the present one. */
function showState() {
  if (shell === null || page.session === null) return;
  const isOld = page.isOld(), hasNone = page.summary === null;
  const verdict = hasNone || isOld ? 'UNKNOWN' : worst();
  if (shell.verdict.dataset.verdict !== verdict + language()) {
    shell.verdict.dataset.verdict = verdict + language();
    shell.verdict.replaceChildren(pill('verdict', verdict));
  }
  document.title = `${hasNone ? '' : `${page.summary.host}: `}${t(`nav.${viewName || 'overview'}`)}`;
  say(shell.host, hasNone ? '' : page.summary.host);
  say(shell.version, hasNone ? '' : t('foot.version', { version: page.summary.version }));
  say(shell.updated, hasNone ? t('live.loading')
    : t('live.updated', { ago: ago(0, since(page.received) / 1000) }));
  shell.main.classList.toggle('old', isOld && !hasNone);
  showListProblem(page.summary?.list_problem ?? null);
  showRefused();
  shell.lost.hidden = !isOld || (hasNone && !connection.lost);
  if (shell.lost.hidden) shell.lost.replaceChildren();
  else if (shell.lost.childNodes.length === 0)
    shell.lost.append(...(hasNone ? [t('live.never')]
      : parts('live.lost', { time: time(page.received.clock / 1000, clock(page.received.clock / 1000)) })));
}

/* ---- the shell ---- */

/* The profile of the address; without one all, or the first. */
function showProfile(node) {
  node.value = current().params.profile || node.options[0].value;
}

/* The choice of a profile; nothing where there is one profile only. all: "all profiles" is a choice too. */
function profileField(all) {
  const names = page.profiles();
  if (names.length < 2) return null;
  const choices = names.map((name) => [name, name]);
  const node = select(all ? [['', t('profile.all')], ...choices] : choices, '', { id: 'profile', on: { change: () => {
    const { name, params: { page: left, call, ...rest } } = current();
    go(name, { ...rest, profile: node.value });
  } } });
  showProfile(node);
  return make('label', { class: 'field inline' }, make('span', {}, t('profile.label')), node);
}

function languageField() {
  const node = select(languages, language(), { on: { change: async () => {
    await loadTexts(node.value);
    rebuild();
    document.querySelector('#language')?.focus();
  } }, id: 'language' });
  return make('label', { class: 'field inline' }, make('span', {}, t('language')), node);
}

function makeNav() {
  const links = VIEWS.filter(([, , role]) => role !== 'admin' || page.session.role === 'admin')
    .map(([name]) => make('li', {}, make('a', { href: href(name), id: `nav-${name}` }, t(`nav.${name}`))));
  return make('nav', { 'aria-label': t('nav.label') }, make('ul', {}, links));
}

function makeShell() {
  const isIn = page.session !== null;
  const made = { host: make('span', { id: 'host' }), verdict: make('span', { id: 'verdict', role: 'status' }),
    updated: make('span', { id: 'updated' }), version: make('span'),
    lost: make('div', { class: 'lost', id: 'lost', role: 'alert', hidden: true }),
    list: make('div', { class: 'lost', id: 'list-problem', role: 'alert', hidden: true }),
    refused: make('div', { class: 'lost', id: 'refused', role: 'status', hidden: true }),
    main: make('main', { id: 'main', tabindex: '-1' }) };
  const user = isIn ? make('span', { id: 'user' }, t('user.is', { name: page.session.name,
    role: t(`role.${page.session.role}`) })) : null;
  const out = isIn ? make('button', { type: 'button', id: 'logout', class: 'quiet', on: { click: leave } }, t('logout'))
    : null;
  const skip = make('a', { class: 'skip', href: '#main', on: { click: (event) => {
    event.preventDefault();
    made.main.focus();
  } } }, t('skip'));
  const head = make('header', {}, make('div', { class: 'bar' },
    make('div', { class: 'brand' }, make('h1', {}, 'did-optimizer-sync'), made.host, isIn ? made.verdict : null,
      isIn ? made.updated : null),
    make('div', { class: 'tools' }, languageField(), user, out)), isIn ? makeNav() : null);
  const foot = make('footer', {}, make('span', {}, t('foot.zone', { zone: zone() })), made.version);
  document.body.replaceChildren(skip, head, made.lost, made.list, made.refused, made.main, foot);
  return made;
}

/* ---- log in and out ---- */

async function enter(session) {
  page.session = session;
  page.summary = null;
  rebuild();
  events = listen({
    onChanged: () => {
      refreshSummary();
      view?.onChanged?.();
    },
    onRunning: (news) => view?.onRunning?.(news),
    onRefused: (problem) => {
      page.refused = problem;
      showState();
    },
  });
  await refreshSummary();
}

function forget() {
  events?.stop();
  events = null;
  page.session = page.summary = page.choices = page.refused = null;
}

async function leave() {
  try {
    await logOut();
  } catch (error) {
    if (error.status !== 401) {
      shell.main.prepend(failure(error));
      return;
    }
  }
  forget();
  rebuild();
}

/* ---- views ---- */

function closeView() {
  view?.stop?.();
  view = null;
  viewName = '';
}

function showLogin(note) {
  closeView();
  shell.main.replaceChildren(login(enter, note));
  document.title = 'did-optimizer-sync';
  shell.main.querySelector('input')?.focus();
}

/* On a phone the links are wider than the screen. */
function markLink(name) {
  for (const link of document.querySelectorAll('nav a')) {
    if (link.id !== `nav-${name}`) {
      link.removeAttribute('aria-current');
      continue;
    }
    const list = link.closest('ul');
    link.setAttribute('aria-current', 'page');
    list.scrollLeft += link.getBoundingClientRect().left - list.getBoundingClientRect().left - 40;
  }
}

/* Shows what the address says. isNew: the reader went there, so the focus goes to its heading. */
function show(isNew) {
  if (page.session === null) return;
  const { name, params } = current();
  const found = VIEWS.find(([one, , role]) => one === (name || 'overview') &&
    (role !== 'admin' || page.session.role === 'admin'));
  const shown = found ? found[0] : 'missing';
  if (shown !== viewName) {
    closeView();
    viewName = shown;
    view = found ? found[1](page) : { node: make('p', { class: 'nothing' }, t('missing')), update() {} };
    const heading = make('h2', { tabindex: '-1', id: 'title' }, t(`nav.${shown}`));
    shell.main.replaceChildren(make('div', { class: 'title' }, heading, view.tools ?? null), view.node);
    markLink(shown);
    if (isNew) heading.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
  const chosen = document.querySelector('#profile');
  if (chosen !== null) showProfile(chosen);
  view.update(params);
  story.update(params);
  showState();
}

function rebuild(note) {
  closeView();
  story?.stop();
  shell = makeShell();
  story = storyDialog(page);
  if (page.session === null) showLogin(note);
  else show(false);
}

/* ---- start ---- */

async function begin() {
  await loadTexts();
  shell = makeShell();
  try {
    const session = await currentSession();
    if (session === null) rebuild();
    else await enter(session);
  } catch (error) {
    shell.main.replaceChildren(failure(error), make('button', { type: 'button',
      on: { click: () => location.reload() } }, t('again')));
  }
  document.documentElement.dataset.ready = 'yes';
}

onConnection(() => showState());
onSession(() => {
  if (page.session === null) return;
  forget();
  rebuild(t('login.ended'));
});
addEventListener('hashchange', () => show(true));
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) refreshSummary();
});
setInterval(() => {
  if (!document.hidden && Math.min(since(page.received), since(askedAt)) >= SUMMARY_EACH) refreshSummary();
  showState();
}, 5000);

begin().catch((error) => {
  document.body.append(make('p', { class: 'notice bad', role: 'alert' },
    `This page could not start: ${error.message}`));
  throw error;
});
