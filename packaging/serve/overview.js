/* overview: how each profile is, charts of the calls, and why calls were rejected. */
import { get } from './api.js';
import { chart } from './chart.js';
import { make } from './dom.js';
import { english, failure, oneAtATime, outcome, pill, toneOfRun } from './parts.js';
import { current, go, href } from './route.js';
import { runningLine } from './running.js';
import { table } from './table.js';
import { ago, number, parts, percent, span, t, time, took, word } from './texts.js';

const HOUR = 3600, DAY = 86400;
const PERIODS = { '24h': [24, HOUR], '7d': [7 * 24, HOUR], '30d': [30, DAY], '90d': [90, DAY] };
const STATES = [['accepted', 'one'], ['pending', 'four'], ['waiting', 'two'], ['rejected', 'five'],
  ['discarded', 'three']];
const COLOURS = ['one', 'two', 'four', 'six', 'five', 'three', 'seven'];

/* ---- cards ---- */

function card(tone, name, value, ...note) {
  return make('div', { class: `card ${tone}`, 'data-card': name }, make('dt', {}, t(`card.${name}`)),
    make('dd', { class: 'value' }, value), make('dd', { class: 'note' }, ...note));
}

/* A card. Its number is a link to the list of these calls. */
function linked(profile, state, tone, value, ...note) {
  const link = make('a', { href: href('calls', { profile: profile.name, state }), id: `card-${profile.name}-${state}` },
    number(value));
  return card(value > 0 ? tone : 'good', state, link, ...note);
}

function callCard(profile) {
  if (profile.calls === null) return card('', 'calls', t('unknown'), t('card.list'));
  return card('', 'calls', make('a', { href: href('calls', { profile: profile.name }),
    id: `card-${profile.name}-calls` }, number(profile.calls)),
  t('card.accepted', { accepted: number(profile.accepted) }));
}

function runCard(profile, now) {
  if (profile.last_run === null) return card('', 'run', t('card.run.none'), t('card.run.first'));
  const end = profile.last_run_outcome;
  return card(toneOfRun(end), 'run', ago(profile.last_run, now), time(profile.last_run), ' · ',
    outcome(end), ' · ',
    t('card.accepted', { accepted: number(profile.last_run_accepted) }),
    profile.last_run_ms === null ? '' : ` · ${took(profile.last_run_ms)}`);
}

function modeCard(profile) {
  const mode = !profile.enabled ? 'paused' : profile.standby ? 'standby' : 'active';
  return card(mode === 'paused' ? 'warn' : '', 'mode', t(`mode.${mode}`), `${profile.source} → ${profile.sink}`);
}

function freshnessCard(profile) {
  const tone = { OK: 'good', WARNING: 'warn', CRITICAL: 'bad' }[profile.verdict] || '';
  if (profile.freshness === null) return card('', 'freshness', t('unknown'), t('card.freshness.unknown'));
  return card(tone, 'freshness', span(profile.freshness), ...(profile.oldest_unsent === null
    ? [t('card.freshness.good')] : parts('card.freshness.oldest', { time: time(profile.oldest_unsent) })));
}

/* The limit that the API asks for is part of the rate. */
function rateCard(profile) {
  const value = profile.calls_last_hour === null ? t('unknown')
    : t('card.rate.value', { calls: number(profile.calls_last_hour) });
  const { last_day: last } = profile;
  const tried = (last.accepted ?? 0) + (last.rejected ?? 0);
  const note = profile.rate_limited_until !== null
    ? parts('card.rate.limited', { time: time(profile.rate_limited_until) })
    : profile.api_down_since !== null ? parts('card.rate.down', { time: time(profile.api_down_since) })
      : tried > 0 ? [t('card.rate.success', { share: percent(last.accepted / tried) })] : [t('card.rate.none')];
  const tone = profile.rate_limited_until !== null ? 'warn' : profile.api_down_since !== null ? 'bad' : '';
  return card(tone, 'rate', value, ...note);
}

function recordingCard(profile) {
  if (profile.recordings === null) return null;
  return card(profile.recordings_rejected > 0 ? 'bad' : '', 'recordings', make('a', {
    href: href('recordings', { profile: profile.name }), id: `card-${profile.name}-recordings` },
  number(profile.recordings_stored)), t('card.recordings.note', { pending: number(profile.recordings_pending),
    rejected: number(profile.recordings_rejected) }));
}

function cards(profile, now) {
  return make('dl', { class: 'cards' }, callCard(profile), runCard(profile, now), modeCard(profile),
    freshnessCard(profile), rateCard(profile),
    linked(profile, 'pending', 'warn', profile.pending, ...(profile.pending > 0 && profile.next_try !== null
      ? parts('card.pending.next', { time: time(profile.next_try) }) : [t('card.pending.none')])),
    linked(profile, 'waiting', '', profile.waiting, t('card.waiting.note')),
    linked(profile, 'rejected', 'bad', profile.rejected, t(profile.rejected > 0 ? 'card.rejected.note'
      : 'card.rejected.none')),
    card('', 'batch', number(profile.batch_size), t('card.batch.note', { days: number(profile.retention_days) })),
    recordingCard(profile));
}

/* ---- profiles ---- */

function running(profile, news, now) {
  const list = news?.profiles.find(({ name }) => name === profile.name)?.running ?? profile.running ?? [];
  return list.map((run) => runningLine(run, news?.calls ?? 0, now));
}

function section(profile, now, news, isOld) {
  const id = `profile-${profile.name}`;
  const verdict = isOld || profile.problem !== null ? 'UNKNOWN' : profile.verdict;
  const told = isOld ? t('verdict.old') : profile.problem !== null ? english(profile.problem)
    : english(profile.verdict_text + (profile.verdict_action ? `; do: ${profile.verdict_action}` : ''));
  const isMade = profile.problem !== null || profile.list === null || profile.list.complete;
  const list = isMade ? null : make('p', { class: 'running' }, t('list.making', {
    copied: number(profile.list.copied), total: number(profile.list.total) }));
  const gap = profile.problem === null ? profile.list?.problem ?? null : null;
  return make('section', { class: 'profile panel', 'aria-labelledby': id },
    make('div', { class: 'head' }, make('h3', { id }, profile.name), pill('verdict', verdict),
      make('span', { class: 'told' }, told)),
    profile.settings_problem !== null ? make('p', { class: 'notice warn' }, english(profile.settings_problem)) : null,
    gap !== null ? make('p', { class: 'notice warn' }, ...parts('list.problem', { problem: english(gap) })) : null,
    list, running(profile, news, now),
    profile.problem === null ? cards(profile, now) : make('dl', { class: 'cards' }, modeCard(profile)));
}

/* Puts new in the place of old unless it looks the same; a link keeps the focus. */
function swap(old, fresh) {
  if (old.isEqualNode(fresh)) return old;
  const id = old.contains(document.activeElement) ? document.activeElement.id : '';
  old.replaceWith(fresh);
  if (id !== '') document.getElementById(id)?.focus({ preventScroll: true });
  return fresh;
}

/* ---- charts ---- */

function periodField() {
  const buttons = Object.keys(PERIODS).map((name) => make('label', {}, make('input', { type: 'radio', name: 'period',
    value: name, on: { change: () => {
      const { params } = current();
      go('overview', { ...params, period: name });
    } } }), make('span', {}, t(`period.${name}`))));
  return make('fieldset', { class: 'ranges' }, make('legend', { class: 'unseen' }, t('period.label')), buttons);
}

/* Every bar of the period, those without calls too. */
function fill(got, [length, seconds], offset) {
  const bars = new Map(got.bars.map((bar) => [bar.at, bar]));
  const last = Math.floor((got.to - 1 + offset) / seconds) * seconds - offset;
  return Array.from({ length }, (_, i) => {
    const at = last - (length - 1 - i) * seconds;
    return bars.get(at) ?? { at, calls: 0, states: {}, directions: {}, results: [] };
  });
}

const sum = (values) => values.reduce((total, value) => total + value, 0);

function byState(bars) {
  const of = (name) => bars.map(({ states }) => states[name] ?? 0);
  const series = STATES.map(([name, colour]) => ({ name: word('state', name), colour, values: of(name) }))
    .filter(({ values }, i) => i === 0 || sum(values) > 0);
  return { series: series.map((one) => ({ ...one, total: number(sum(one.values)) })),
    bars: bars.map(({ at }, i) => ({ at, values: series.map(({ values }) => values[i]) })) };
}

/* The six most frequent results; all others are one. */
function byResult(bars) {
  const totals = new Map();
  for (const { results } of bars)
    for (const { result, calls } of results) totals.set(result, (totals.get(result) ?? 0) + calls);
  const names = [...totals].sort((a, b) => b[1] - a[1]).map(([name]) => name);
  const shown = names.slice(0, COLOURS.length - 1), isMore = names.length > shown.length;
  const values = bars.map(({ results }) => {
    const of = (name) => sum(results.filter(({ result }) => result === name).map(({ calls }) => calls));
    const list = shown.map(of);
    return isMore ? [...list, sum(results.map(({ calls }) => calls)) - sum(list)] : list;
  });
  const labels = [...shown.map((name) => word('result', name)), ...(isMore ? [t('result.other')] : [])];
  const total = (i) => number(sum(values.map((one) => one[i])));
  return { series: labels.map((name, i) => ({ name, colour: COLOURS[i], total: total(i) })),
    bars: bars.map(({ at }, i) => ({ at, values: values[i] })) };
}

/* Of the calls that the API has judged. */
function success(bars) {
  const share = ({ accepted = 0, rejected = 0 }) => (accepted + rejected > 0 ? accepted / (accepted + rejected) : null);
  const total = share({ accepted: sum(bars.map(({ states }) => states.accepted ?? 0)),
    rejected: sum(bars.map(({ states }) => states.rejected ?? 0)) });
  return { series: [{ name: t('chart.success.name'), colour: 'one', total: total === null ? '–' : percent(total) }],
    bars: bars.map(({ at, states }) => ({ at, values: [share(states)] })) };
}

function makeCharts() {
  const list = [['calls', byState], ['results', byResult], ['success', success]].map(([name, of]) => ({ of,
    ...chart({ id: `chart-${name}`, title: t(`chart.${name}.title`), sub: t(`chart.${name}.sub`),
      lines: name === 'success', share: name === 'success' }) }));
  return { nodes: list.map(({ node }) => node), set(bars, seconds) {
    for (const one of list) one.set({ seconds, ...one.of(bars) });
  } };
}

/* ---- rejected calls ---- */

function makeReasons(page) {
  return table({ caption: t('reasons.title'), empty: t('reasons.none'), key: (row) => `${row.profile} ${row.reason}`,
    columns: [
      { name: t('column.reason'), class: 'long', fill: (row) => (row.reason === null ? t('reasons.unknown')
        : english(row.reason)) },
      { name: t('column.calls'), class: 'number', fill: (row) => make('a', { href: href('calls', { profile: row.profile,
        state: 'rejected' }) }, number(row.calls)) },
      { name: t('column.first'), class: 'tight', fill: (row) => time(row.first) },
      { name: t('column.last'), class: 'tight', fill: (row) => time(row.last) },
      ...(page.profiles().length > 1 ? [{ name: t('column.profile'), fill: (row) => row.profile }] : [])] });
}

/* ---- the view ---- */

export function overview(page) {
  const charts = makeCharts(), periods = periodField();
  const trouble = make('div'), sections = make('div', { class: 'profiles' });
  const reasons = make('div', { class: 'panel rows' });
  const tools = make('div', { class: 'tools' });
  const node = make('div', {}, sections,
    make('div', { class: 'title' }, make('h2', {}, t('chart.heading')), periods), trouble,
    make('div', { class: 'charts' }, charts.nodes),
    make('div', { class: 'title' }, make('h2', {}, t('reasons.title'))), reasons);
  let params = {}, asked = 0, news = null, shown = new Map(), list = makeReasons(page), names = '', rejected = [];

  function showProfiles() {
    if (page.summary === null) return;
    const wanted = page.summary.profiles.filter(({ name }) => !params.profile || name === params.profile);
    const next = new Map();
    for (const profile of wanted) {
      const fresh = section(profile, page.now(), news, page.isOld());
      const old = shown.get(profile.name);
      if (old === undefined) sections.append(fresh);
      next.set(profile.name, old === undefined ? fresh : swap(old, fresh));
    }
    for (const [name, old] of shown) if (!next.has(name)) old.remove();
    shown = next;
    // The columns and the choice depend on how many profiles there are.
    if (page.profiles().join() !== names) {
      names = page.profiles().join();
      tools.replaceChildren(page.profileField(true) ?? '');
      list = makeReasons(page);
      reasons.replaceChildren(list.node);
      list.show(rejected);
    }
  }

  async function load() {
    asked += 1;
    const mine = asked, period = PERIODS[params.period] ?? PERIODS['7d'];
    const offset = -new Date().getTimezoneOffset() * 60, to = Math.floor(page.now()) + 1;
    const [length, seconds] = period;
    try {
      const [bars, { reasons: found }] = await Promise.all([get('/charts', { profile: params.profile, to, offset,
        by: seconds === HOUR ? 'hour' : 'day', from: to - length * seconds - seconds }),
      get('/rejected', { profile: params.profile, size: 50 })]);
      if (mine !== asked) return;
      trouble.replaceChildren();
      charts.set(fill(bars, period, offset), seconds);
      rejected = found;
      list.show(rejected);
    } catch (error) {
      if (mine === asked) trouble.replaceChildren(failure(error));
    }
  }

  return { node, tools,
    update(now) {
      params = now;
      const chosen = PERIODS[params.period] ? params.period : '7d';
      periods.querySelector(`input[value="${chosen}"]`).checked = true;
      showProfiles();
      load();
    },
    onSummary: showProfiles,
    onChanged: oneAtATime(load),
    onRunning(now) {
      news = now;
      showProfiles();
    } };
}
