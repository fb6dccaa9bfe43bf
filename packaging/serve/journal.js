/* journal: who did what over this page. */
import { actionName } from './action.js';
import { get } from './api.js';
import { make } from './dom.js';
import { failure, oneAtATime, pill } from './parts.js';
import { current, go } from './route.js';
import { pager, table } from './table.js';
import { t, time } from './texts.js';

const SIZE = 50;

function what(action) {
  const values = Object.entries(action.arguments).map(([name, value]) => (
    `${name}: ${Array.isArray(value) ? value.join(', ') : value}`)).join('; ');
  return [actionName(action.action, action.arguments), values === '' ? null : make('span', { class: 'reason' }, values)];
}

function output(action) {
  if (action.output === '') return '';
  return make('details', {}, make('summary', {}, t('action.output')), make('pre', { tabindex: '0', role: 'region',
    lang: 'en', 'aria-label': t('action.output') }, action.output));
}

export function journal(page) {
  const columns = [
    { name: t('column.began'), class: 'tight span', fill: (one) => time(one.began) },
    { name: t('column.user'), fill: (one) => one.user },
    { name: t('column.address'), fill: (one) => one.address },
    { name: t('column.profile'), fill: (one) => one.profile },
    { name: t('column.action'), class: 'long', fill: what },
    { name: t('column.outcome'), fill: (one) => pill('action', one.state) },
    { name: t('column.code'), class: 'number', fill: (one) => (one.exit_code === null ? '' : String(one.exit_code)) },
    { name: t('action.output'), class: 'long', fill: output }];
  const list = table({ caption: t('nav.journal'), columns, empty: t('journal.none'), key: (one) => String(one.id) });
  const pages = pager((to) => go('journal', { page: to > 1 ? to : '' }));
  const trouble = make('div');
  const node = make('div', {}, trouble, make('div', { class: 'panel rows' }, list.node, pages.node));
  let asked = 0;

  async function load() {
    asked += 1;
    const mine = asked, at = Math.max(1, Number(current().params.page) || 1);
    try {
      const got = await get('/journal', { page: at, size: SIZE });
      if (mine !== asked) return;
      trouble.replaceChildren();
      list.show(got.actions);
      pages.show(at, SIZE, got.actions.length, got.total);
    } catch (error) {
      if (mine === asked) trouble.replaceChildren(failure(error));
    }
  }
  return { node, update: load, onSummary: oneAtATime(load) };
}
