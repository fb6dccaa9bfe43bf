/* recordings: the recordings of calls, with a player. */
import { get, query } from './api.js';
import { callColumns, openCall } from './calls.js';
import { make, select } from './dom.js';
import { english, failure, oneAtATime, pill } from './parts.js';
import { away, isHere, player } from './player.js';
import { current, go } from './route.js';
import { pager, table } from './table.js';
import { bytes, t, time, word } from './texts.js';

const SIZE = 25;
const STATES = ['stored', 'pending', 'rejected'];

/* The player is made when it is wanted: 25 of them would load 25 recordings. */
function play(page, row) {
  if (row.file === null) return '';
  if (!isHere(row.file))
    return [row.file.due ? make('p', {}, t('player.due'), ' ', time(row.file.due)) : null,
      ...away(page, row.profile, row.id, row.file)];
  const button = make('button', { type: 'button', class: 'play', on: { click: () => {
    const made = player(page, row.profile, row.id, true);
    button.replaceWith(made);
    made.firstElementChild.focus();
  } } }, t('player.play'));
  return button;
}

function makeTable(page) {
  const columns = callColumns(page);
  const list = [columns.ended, columns.number, columns.campaign, columns.agent, columns.length,
    { name: t('column.recording'), class: 'long', fill: (row) => [pill('recording', row.recording),
      row.file?.reason ? english(row.file.reason, { class: 'reason' }) : null] },
    { name: t('column.size'), class: 'number tight', fill: (row) => (row.file === null || row.file.size === null ? ''
      : bytes(row.file.size)) },
    { name: t('column.player'), class: 'long', fill: (row) => play(page, row) }];
  if (page.profiles().length > 1) list.push(columns.profile);
  return table({ caption: t('nav.recordings'), columns: list, empty: t('recordings.none'), onOpen: openCall,
    key: (row) => `${row.profile}/${row.id}`,
    onSort(sort) {
      const { params } = current(), isDown = (params.sort || 'ended') === sort && (params.order || 'desc') === 'desc';
      go('recordings', { ...params, page: '', sort, order: isDown ? 'asc' : 'desc' });
    } });
}

export function recordings(page) {
  const trouble = make('div'), tools = make('div', { class: 'tools' }), place = make('div');
  const pages = pager((to) => go('recordings', { ...current().params, page: to > 1 ? to : '' }));
  const state = select(STATES.map((one) => [one, word('recording', one)]), 'stored', { id: 'recording-state',
    on: { change: () => go('recordings', { ...current().params, page: '', recording: state.value }) } });
  const node = make('div', {}, trouble, make('div', { class: 'panel rows' }, place, pages.node));
  let params = {}, asked = 0, list = null, names = null;

  async function load() {
    asked += 1;
    const mine = asked, at = Math.max(1, Number(params.page) || 1);
    try {
      const got = await get('/recordings', { profile: params.profile, recording: params.recording || 'stored', page: at,
        size: SIZE, sort: params.sort, order: params.order });
      if (mine !== asked) return;
      trouble.replaceChildren();
      list.show(got.recordings, params.sort || 'ended', params.order || 'desc');
      pages.show(at, SIZE, got.recordings.length, got.total);
    } catch (error) {
      if (mine === asked) trouble.replaceChildren(failure(error));
    }
  }
  function showTools() {
    const now = [page.hasMasks(), ...page.profiles()].join();
    if (now === names) return;
    names = now;
    tools.replaceChildren(...[page.profileField(true), make('label', { class: 'field inline' },
      make('span', {}, t('column.recording')), state)].filter(Boolean));
    list = makeTable(page);
    place.replaceChildren(list.node);
    if (asked > 0) load();
  }
  return { node, tools,
    update(now) {
      const { call, ...rest } = now;
      if (query(rest) === query(params) && asked > 0) return;
      params = rest;
      state.value = params.recording || 'stored';
      showTools();
      load();
    },
    onSummary: showTools,
    onChanged: oneAtATime(load) };
}
