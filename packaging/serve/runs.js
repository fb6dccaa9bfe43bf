/* runs: what each run of a profile did. */
import { get } from './api.js';
import { make, select } from './dom.js';
import { count, english, failure, oneAtATime, outcome, toneOfRun } from './parts.js';
import { current, go } from './route.js';
import { runningLine } from './running.js';
import { pager, table } from './table.js';
import { t, time, took, word } from './texts.js';

const SIZE = 50;
const KINDS = ['poll', 'backfill', 'reconcile', 'retry'];

function ending(run) {
  return [make('span', { class: `pill ${toneOfRun(run.outcome)}` }, outcome(run.outcome)),
    run.message === null ? null : english(run.message, { class: 'reason' })];
}

function makeTable() {
  const figure = (name) => ({ name: t(`column.${name}`), class: 'number', fill: (run) => count(run[name]) });
  return table({ caption: t('nav.runs'), empty: t('runs.none'), key: (run) => `${run.kind} ${run.started}`, columns: [
    { name: t('column.started'), class: 'tight span', fill: (run) => time(run.started) },
    { name: t('column.kind'), fill: (run) => word('kind', run.kind) },
    { name: t('column.duration'), class: 'number tight', fill: (run) => (run.duration_ms === null ? ''
      : took(run.duration_ms)) },
    figure('found'), figure('accepted'), figure('repeated'), figure('failed'), figure('pending'), figure('waiting'),
    figure('rejected'),
    { name: t('column.database'), class: 'number tight', fill: (run) => (run.database_ms === null ? ''
      : took(run.database_ms)) },
    { name: t('column.outcome'), class: 'long', fill: ending }] });
}

/* The runs that are not over, as the stream of events tells them. */
export function showRunning(node, profile, news, now) {
  const list = news.profiles.find(({ name }) => name === profile)?.running ?? [];
  node.replaceChildren(...list.map((run) => runningLine(run, news.calls, now)));
  return list.length > 0;
}

export function runs(page) {
  const list = makeTable(), trouble = make('div'), tools = make('div', { class: 'tools' }), now = make('div');
  const pages = pager((to) => go('runs', { ...current().params, page: to > 1 ? to : '' }));
  const kind = select([['', t('filter.any')], ...KINDS.map((one) => [one, word('kind', one)])], '', { id: 'kind',
    on: { change: () => go('runs', { ...current().params, page: '', kind: kind.value }) } });
  const node = make('div', {}, trouble, now, make('div', { class: 'panel rows' }, list.node, pages.node));
  let params = {}, asked = 0, names = null;

  const profile = () => params.profile || page.profiles()[0] || 'default';
  function showTools() {
    if (page.profiles().join() === names) return;
    names = page.profiles().join();
    tools.replaceChildren(...[page.profileField(false), make('label', { class: 'field inline' },
      make('span', {}, t('column.kind')), kind)].filter(Boolean));
  }
  async function load() {
    asked += 1;
    const mine = asked, at = Math.max(1, Number(params.page) || 1);
    try {
      const got = await get('/runs', { profile: params.profile, kind: params.kind, page: at, size: SIZE });
      if (mine !== asked) return;
      trouble.replaceChildren();
      list.show(got.runs, undefined, undefined, params.kind ? t('runs.none.kind') : undefined);
      pages.show(at, SIZE, got.runs.length, null);
    } catch (error) {
      if (mine === asked) trouble.replaceChildren(failure(error));
    }
  }
  const refresh = oneAtATime(load);
  return { node, tools,
    update(given) {
      params = given;
      kind.value = params.kind || '';
      showTools();
      load();
    },
    onSummary: showTools,
    onChanged: refresh,
    onRunning(news) {
      showRunning(now, profile(), news, page.now());
      refresh();
    } };
}
