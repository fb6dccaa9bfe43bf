/* calls: the list of calls: filters, orders and pages, all made by the server. */
import { apiUrl, get, query } from './api.js';
import { field, make, select, setChoices } from './dom.js';
import { count, english, failure, oneAtATime, pill } from './parts.js';
import { current, go, href } from './route.js';
import { pager, table } from './table.js';
import { fromInput, lasted, t, time, toInput, took, word } from './texts.js';

const SIZE = matchMedia('(max-width: 760px)').matches ? 20 : 50;
const FILTERS = ['profile', 'direction', 'status', 'result', 'campaign', 'agent', 'state', 'recording', 'from', 'to',
  'number'];
const FIXED = { direction: ['outbound', 'inbound', 'internal'],
  state: ['accepted', 'pending', 'waiting', 'rejected', 'discarded'],
  recording: ['stored', 'pending', 'rejected', 'none'] };
const FREE = ['status', 'result', 'campaign', 'agent'];

const filtersOf = (params) => Object.fromEntries(FILTERS.map((name) => [name, params[name]]));

/* What the address says about the order. */
const orderOf = (params) => ({ sort: params.sort || 'ended', order: params.order || 'desc' });

/* To the same view with other parameters, on its first page. */
function change(news) {
  const { name, params: { page, call, ...rest } } = current();
  go(name, { ...rest, ...news });
}

/* ---- the filters ---- */

function sorts(page) {
  const names = ['ended', 'length', 'status', 'result', 'campaign', 'agent', ...(page.hasMasks() ? [] : ['number'])];
  return names.flatMap((name) => [['desc', '↓'], ['asc', '↑']].map(([order, arrow]) => [`${name} ${order}`,
    `${t(`column.${name}`)} ${arrow}`]));
}

function makeFilters(page) {
  const controls = {};
  const onChange = (name, read) => ({ on: { change: () => change({ [name]: read() }) } });
  const choose = (name) => {
    controls[name] = select([['', t('filter.any')]], '', onChange(name, () => controls[name].value));
    return field(t(`filter.${name}`), controls[name]);
  };
  const when = (name) => {
    controls[name] = make('input', { type: 'datetime-local',
      ...onChange(name, () => fromInput(controls[name].value)) });
    return field(t(`filter.${name}`), controls[name]);
  };
  controls.number = make('input', { type: 'search', inputmode: 'tel', autocomplete: 'off', maxlength: '40',
    ...onChange('number', () => controls.number.value.trim()) });
  controls.sort = select([], '', { on: { change: () => {
    const [sort, order] = controls.sort.value.split(' ');
    change({ sort, order });
  } } });
  const reset = make('button', { type: 'button', id: 'reset', on: { click: () => {
    const { profile } = current().params;
    go('calls', { profile });
  } } }, t('filter.reset'));
  // On a phone the filters would hide the list.
  const toggle = make('button', { type: 'button', class: 'toggle', 'aria-expanded': 'false', on: { click: () => {
    toggle.setAttribute('aria-expanded', String(node.classList.toggle('open')));
  } } }, t('filter.more'));
  const node = make('form', { class: 'filters', role: 'search', 'aria-label': t('filter.label'),
    on: { submit: (event) => event.preventDefault() } },
  field(t('filter.number'), controls.number, { class: 'field search' }), toggle, choose('state'),
  ...['direction', 'status', 'result', 'campaign', 'agent', 'recording'].map(choose), when('from'), when('to'),
  field(t('filter.sort'), controls.sort, { class: 'field sorting' }), reset);

  function show(params) {
    for (const [name, words] of Object.entries(FIXED))
      setChoices(controls[name], [['', t('filter.any')], ...words.map((one) => [one, word(name, one)])],
        params[name] || '');
    for (const name of FREE) {
      const words = page.choices?.[name] ?? [];
      setChoices(controls[name], [['', t('filter.any')], ...words.map((one) => [one, name === 'result' ? word(name, one)
        : one])], params[name] || '');
    }
    for (const name of ['from', 'to']) controls[name].value = params[name] ? toInput(Number(params[name])) : '';
    controls.number.value = params.number || '';
    const { sort, order } = orderOf(params);
    setChoices(controls.sort, sorts(page), `${sort} ${order}`);
  }
  return { node, show };
}

/* ---- the list ---- */

const callName = (row) => `${row.profile}/${row.id}`;

/* The columns that the lists of calls and of recordings share. */
export function callColumns(page) {
  const plain = (name, more) => ({ name: t(`column.${name}`), sort: name, fill: (row) => row[name] ?? '', ...more });
  return {
    ended: { name: t('column.ended'), sort: 'ended', class: 'tight span', fill: (row) => {
      const { name, params } = current();
      return make('a', { href: href(name, { ...params, call: callName(row) }), class: 'open' }, time(row.ended));
    } },
    number: plain('number', { sort: page.hasMasks() ? null : 'number', class: 'tight',
      fill: (row) => row.number ?? '' }),
    direction: { name: t('column.direction'), fill: (row) => word('direction', row.direction) },
    campaign: plain('campaign'), status: plain('status'), agent: plain('agent'),
    result: plain('result', { fill: (row) => word('result', row.result) }),
    length: plain('length', { class: 'number tight', fill: (row) => (row.length === null ? '' : lasted(row.length)) }),
    profile: { name: t('column.profile'), fill: (row) => row.profile },
  };
}

/* From the row to the call's story. */
export function openCall(row) {
  const { name, params } = current();
  go(name, { ...params, call: callName(row) });
}

function answer(row) {
  if (row.answer === null) return '';
  const code = row.answer === 0 ? t('answer.none') : String(row.answer);
  return row.took_ms === null ? code : t('answer.took', { code, took: took(row.took_ms) });
}

function makeTable(page) {
  const columns = callColumns(page);
  const list = [columns.ended, columns.number, columns.direction, columns.campaign, columns.status, columns.result,
    { name: t('column.state'), class: 'long', fill: (row) => [pill('state', row.state),
      row.reason ? english(row.reason, { class: 'reason' }) : null] },
    columns.agent, columns.length, { name: t('column.answer'), class: 'number', fill: answer },
    { name: t('column.tries'), class: 'number', fill: (row) => count(row.tries) },
    { name: t('column.recording'), fill: (row) => (row.recording === 'none' ? '' : pill('recording', row.recording)) }];
  if (page.profiles().length > 1) list.push(columns.profile);
  return table({ caption: t('nav.calls'), columns: list, empty: t('calls.none'), key: callName, onOpen: openCall,
    onSort(sort) {
      const now = orderOf(current().params);
      change({ sort, order: now.sort === sort && now.order === 'desc' ? 'asc' : 'desc' });
    } });
}

export function calls(page) {
  const filters = makeFilters(page), trouble = make('div'), place = make('div');
  const tools = make('div', { class: 'tools' });
  const csv = make('a', { class: 'button', id: 'csv', download: '' }, t('calls.csv'));
  const pages = pager((to) => {
    const { params: { call, ...rest } } = current();
    go('calls', { ...rest, page: to > 1 ? to : '' });
  });
  const node = make('div', {}, trouble, make('div', { class: 'panel rows' }, filters.node, place, pages.node));
  let params = {}, asked = 0, list = null, names = null;

  async function load() {
    asked += 1;
    const mine = asked, at = Math.max(1, Number(params.page) || 1);
    node.setAttribute('aria-busy', 'true');
    try {
      const got = await get('/calls', { ...filtersOf(params), ...orderOf(params), page: at, size: SIZE });
      if (mine !== asked) return;
      trouble.replaceChildren();
      list.show(got.calls, orderOf(params).sort, orderOf(params).order);
      pages.show(at, SIZE, got.calls.length, got.total);
    } catch (error) {
      if (mine === asked) trouble.replaceChildren(failure(error));
    }
    if (mine === asked) node.removeAttribute('aria-busy');
  }
  async function loadChoices() {
    try {
      page.choices = await get('/choices');
      filters.show(params);
    } catch { /* the list says what is wrong */ }
  }
  /* How many profiles there are, and whether numbers are masked, is known a little later than the view is shown. */
  function showProfiles() {
    const now = [page.hasMasks(), ...page.profiles()].join();
    if (now === names) return;
    names = now;
    tools.replaceChildren(...[page.profileField(true), csv].filter(Boolean));
    list = makeTable(page);
    place.replaceChildren(list.node);
    filters.show(params);
    if (asked > 0) load();
  }
  showProfiles();
  loadChoices();

  return { node, tools,
    /* The same list with a story beside it is not loaded again. */
    update(now) {
      const { call, ...rest } = now, text = query(rest);
      if (text === query(params) && asked > 0) return;
      params = rest;
      filters.show(params);
      csv.href = apiUrl(`/calls.csv${query(filtersOf(params))}`);
      load();
    },
    onSummary: showProfiles,
    onChanged: oneAtATime(load) };
}
