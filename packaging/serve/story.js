/* story: one call's whole story, in a dialog beside the list. It is in the address, so "back" closes it. */
import { get } from './api.js';
import { make } from './dom.js';
import { runAction } from './action.js';
import { confirm, english, failure, pill } from './parts.js';
import { recording } from './player.js';
import { current, replace } from './route.js';
import { lasted, number, t, time, took, word } from './texts.js';

function fact(name, ...value) {
  const isKnown = value.some((one) => one !== null && one !== '' && one !== undefined);
  return isKnown ? make('div', {}, make('dt', {}, t(`column.${name}`)), make('dd', {}, ...value)) : null;
}

function facts(call) {
  const { ledger } = call.story;
  const seen = ledger?.first_seen ?? null;
  return make('dl', { class: 'facts' }, fact('ended', call.ended ? time(call.ended) : null),
    fact('number', call.number),
    fact('direction', word('direction', call.direction)), fact('campaign', call.campaign), fact('agent', call.agent),
    fact('status', call.status), fact('result', word('result', call.result)),
    fact('length', call.length === null || call.length === undefined ? null : lasted(call.length)),
    fact('seen', seen === null ? null : time(seen)), fact('due', call.due ? time(call.due) : null),
    fact('tries', call.tries === null || call.tries === undefined ? null : number(call.tries)),
    fact('uniqueid', make('code', {}, call.story.uniqueid)), fact('profile', call.profile));
}

function attempt(one) {
  const answer = one.answer === null ? null : one.answer === 0 ? t('answer.none') : String(one.answer);
  const sent = [one.status, word('result', one.result), one.length === null ? '' : lasted(one.length), one.agent]
    .filter(Boolean).join(' · ');
  return make('li', { class: one.reason === null ? 'good' : 'bad' },
    make('p', {}, one.time === null ? t('unknown') : time(one.time),
      answer === null ? null : [' · ', make('b', {}, answer)],
      one.took_ms === null ? null : ` · ${took(one.took_ms)}`),
    sent ? make('p', { class: 'note' }, t('story.sent', { sent })) : null,
    one.changed ? make('p', { class: 'note' }, t('story.changed', { changed: one.changed })) : null,
    one.reason === null ? null : make('p', {}, english(one.reason)));
}

/* What an administrator can do about this call: [action, its name, what is asked first]. `why` reads what this page
 * does not: the phone system, and PostgreSQL. */
function actsOf(call) {
  const list = call.file?.state === 'rejected' ? [['recordings_retry', t('act.recordings')]] : [];
  if (call.story.state === 'rejected')
    list.unshift(['failed_retry', t('act.retry')], ['failed_drop', t('act.drop'), t('ask.drop.one')]);
  else if (call.story.state === 'discarded') list.unshift(['failed_restore', t('act.restore')]);
  list.push(['why', t('act.look')]);
  return list;
}

/* done(): the action has ended, and may have changed the call. */
function acts(page, call, done) {
  if (!page.isAdmin()) return null;
  const out = make('div', { class: 'out' });
  const id = call.story.uniqueid;
  const buttons = actsOf(call).map(([action, verb, ask]) => make('button', { type: 'button',
    class: ask ? 'danger' : action === 'why' ? '' : 'main', 'data-action': action, on: { click: async () => {
      if (ask && !await confirm(verb, ask, verb)) return;
      const result = runAction(page, call.profile, action, action === 'why' ? { id } : { ids: [id] });
      out.replaceChildren(result.node);
      await result.ended;
      if (action !== 'why') done();
    } } }, verb));
  return make('div', {}, make('div', { class: 'buttons' }, buttons), out);
}

/* The source's own words are long. */
function column([name, value]) {
  if (name !== 'raw_data') return make('div', {}, make('dt', {}, make('code', {}, name)), make('dd', {}, value));
  return make('div', { class: 'wide' }, make('dt', {}, make('code', {}, name)),
    make('dd', {}, make('details', {}, make('summary', {}, t('story.raw')), make('pre', {}, value))));
}

/* The call in the table of the sink `records`; null: the sink is another one. */
function record({ record: { row, problem } }) {
  return [make('h3', {}, t('story.record')),
    problem !== null ? make('p', { class: 'note' }, english(problem))
      : row === null ? make('p', { class: 'note' }, t('story.record.none'))
        : make('dl', { class: 'facts', id: 'story-record' }, Object.entries(row).map(column))];
}

function body(page, call, again) {
  const attempts = call.story.ledger?.attempts ?? [];
  return [make('p', { class: 'told' }, pill('state', call.story.state), ' ', english(call.story.explanation)),
    acts(page, call, again), facts(call),
    call.file === null ? null : [make('h3', {}, t('column.recording')),
      recording(page, call.profile, call.story.uniqueid, call.file)],
    call.record === null ? null : record(call),
    make('h3', {}, t('story.attempts')),
    attempts.length > 0 ? make('ol', { class: 'attempts' }, attempts.map(attempt).reverse())
      : make('p', { class: 'note' }, t('story.none'))];
}

/* Opens and closes with the parameter "call" of the address: PROFILE/ID. */
export function storyDialog(page) {
  const content = make('div', { class: 'content' });
  const title = make('h2', { id: 'story-title' });
  const close = make('button', { type: 'button', class: 'quiet', id: 'story-close',
    on: { click: () => dialog.close() } }, t('close'));
  const dialog = make('dialog', { class: 'side', id: 'story', 'aria-labelledby': 'story-title' },
    make('div', { class: 'title' }, title, close), content);
  document.body.append(dialog);
  let shown = null, asked = 0, wasEmpty = true, isBack = false;

  async function load(output) {
    asked += 1;
    const mine = asked, [profile, id] = split(shown);
    try {
      const call = await get(`/calls/${encodeURIComponent(profile)}/${encodeURIComponent(id)}`);
      if (mine !== asked) return;
      content.replaceChildren(...body(page, { profile, ...call }, again).flat().filter(Boolean));
      if (output) content.prepend(output);
    } catch (error) {
      if (mine === asked) content.replaceChildren(failure(error));
    }
  }
  /* What the action said stays to be read. The reader may have closed the story before the action ended. */
  const again = () => shown !== null && load(content.querySelector('.out')?.firstElementChild ?? null);

  function split(name) {
    const slash = name.indexOf('/');
    return slash < 0 ? ['default', name] : [name.slice(0, slash), name.slice(slash + 1)];
  }

  dialog.addEventListener('close', () => {
    content.replaceChildren();
    if (shown === null) return;
    shown = null;
    const { name, params: { call, ...rest } } = current();
    // Where the reader came from the list, "back" is the list; otherwise there may be another site.
    if (isBack) history.back();
    else replace(name, rest);
  });
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });

  function update({ call }) {
    const wanted = call || null;
    if (wanted === shown) {
      wasEmpty = wanted === null;
      return;
    }
    if (wanted === null) {
      shown = null;
      dialog.close();
    } else {
      isBack = wasEmpty && !isFirst;
      shown = wanted;
      title.textContent = t('story.title');
      content.replaceChildren(make('p', { class: 'note' }, t('live.loading')));
      if (!dialog.open) dialog.showModal();
      load();
    }
    wasEmpty = wanted === null;
  }
  let isFirst = true;
  return { update(params) {
    update(params);
    isFirst = false;
  }, stop() {
    shown = null;
    dialog.remove();
  } };
}
