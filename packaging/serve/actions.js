/* actions: what an administrator does: sync now, pause, backfill, rejected calls, the checkpoint, settings. */
import { runAction } from './action.js';
import { get } from './api.js';
import { field, make } from './dom.js';
import { confirm, english, failure, notice, oneAtATime, pill } from './parts.js';
import { current } from './route.js';
import { showRunning } from './runs.js';
import { settings } from './settings.js';
import { table } from './table.js';
import { fromInput, number, t, time, zone } from './texts.js';

function panel(name, ...children) {
  const id = `act-${name}`;
  return make('section', { class: 'panel act', 'aria-labelledby': id }, make('h3', { id }, t(`panel.${name}`)),
    make('p', { class: 'note' }, t(`panel.${name}.note`)), ...children);
}

/* A button that runs one action. values(): its arguments; null: something is missing. ask: { title, text }. */
function button(context, action, verb, { values = () => ({}), ask = null, tone = '', out, done = () => {} }) {
  const node = make('button', { type: 'button', class: tone, 'data-action': action, on: { click: async () => {
    const given = values();
    if (given === null || (ask !== null && !await confirm(ask.title, ask.text(), verb))) return;
    node.disabled = true;
    const result = runAction(context.page, context.profile(), action, given);
    out.replaceChildren(result.node);
    const ended = await result.ended;
    node.disabled = false;
    done(ended);
  } } }, verb);
  return node;
}

/* Out of a form's controls; asks the browser to say what is missing. */
const isFilled = (form) => form.reportValidity();

/* A time for the command line: an epoch, so that no zone is guessed. */
const epochOf = (input) => String(fromInput(input.value));
const whenInput = (attributes) => make('input', { type: 'datetime-local', ...attributes });

/* ---- panels ---- */

function syncPanel(context) {
  const out = make('div', { class: 'out' });
  return panel('sync', make('div', { class: 'buttons' }, button(context, 'sync', t('act.sync'), { tone: 'main', out }),
    button(context, 'check', t('act.check'), { out })), out);
}

function pausePanel(context) {
  const out = make('div', { class: 'out' }), state = make('p', { role: 'status' });
  const buttons = make('div', { class: 'buttons' });
  const ask = { title: t('act.disable'), text: () => t('ask.disable', { profile: context.profile() }) };
  const pause = button(context, 'disable', t('act.disable'), { ask, out });
  const resume = button(context, 'enable', t('act.enable'), { tone: 'main', out });
  buttons.append(pause, resume);
  context.onSummary.push((profile) => {
    state.replaceChildren(pill('mode', profile.enabled ? 'active' : 'paused'));
    pause.hidden = !profile.enabled;
    resume.hidden = profile.enabled;
  });
  return panel('pause', state, buttons, out);
}

function backfillPanel(context) {
  const out = make('div', { class: 'out' }), progress = make('div', { id: 'progress' });
  const from = whenInput({ required: true, name: 'from' }), to = whenInput({ required: true, name: 'to' });
  const campaign = make('input', { maxlength: '40', name: 'campaign' });
  const status = make('input', { maxlength: '40', name: 'status' });
  const force = make('input', { type: 'checkbox', name: 'force' });
  const values = () => (isFilled(form) ? { from: epochOf(from), to: epochOf(to), force: force.checked || undefined,
    campaign: campaign.value.trim() || undefined, status: status.value.trim() || undefined } : null);
  const form = make('form', { class: 'grid', on: { submit: (event) => {
    event.preventDefault();
    start.click();
  } } }, field(t('filter.from'), from), field(t('filter.to'), to), field(t('backfill.campaign'), campaign),
  field(t('backfill.status'), status), make('label', { class: 'check' }, force, t('backfill.force')));
  const start = button(context, 'backfill', t('act.backfill'), { values, tone: 'main', out });
  context.onRunning.push((news) => showRunning(progress, context.profile(), news, context.page.now()));
  return panel('backfill', form, make('div', { class: 'buttons' }, start), progress, out);
}

function reconcilePanel(context) {
  const out = make('div', { class: 'out' });
  const days = make('input', { type: 'number', min: '1', max: '400', value: '1', required: true, name: 'days' });
  const only = make('input', { type: 'checkbox', name: 'only' });
  const form = make('form', { class: 'grid', on: { submit: (event) => event.preventDefault() } },
    field(t('reconcile.days'), days), make('label', { class: 'check' }, only, t('reconcile.only')));
  const values = () => (isFilled(form) ? { days: Number(days.value), report_only: only.checked || undefined } : null);
  return panel('reconcile', form, make('div', { class: 'buttons' },
    button(context, 'reconcile', t('act.reconcile'), { values, out })), out);
}

/* First shows what the new checkpoint skips; only then there is a button that sets it, and to that time. */
function checkpointPanel(context) {
  const out = make('div', { class: 'out' }), next = make('div', { class: 'buttons' }), now = make('p');
  const when = whenInput({ required: true, name: 'when', on: { input: () => {
    next.replaceChildren();
    out.replaceChildren();
  } } });
  const form = make('form', { class: 'grid', on: { submit: (event) => {
    event.preventDefault();
    look.click();
  } } }, field(t('checkpoint.when'), when));
  const look = button(context, 'checkpoint_set', t('checkpoint.look'), { out,
    values: () => (isFilled(form) ? { when: epochOf(when), dry_run: true } : null),
    done(ended) {
      next.replaceChildren();
      if (ended === null || ended.exit_code !== 0) return;
      const epoch = ended.arguments.when;
      const ask = { title: t('act.checkpoint_set'), text: () => `${t('ask.checkpoint')} ${ended.output}` };
      next.append(button(context, 'checkpoint_set', t('act.checkpoint_set'), { out, ask, tone: 'danger',
        values: () => ({ when: epoch }), done: () => next.replaceChildren() }));
    } });
  context.onSummary.push((profile) => {
    now.replaceChildren(...(profile.checkpoint ? [`${t('checkpoint.now')} `, time(profile.checkpoint)]
      : [t('checkpoint.none')]));
  });
  return panel('checkpoint', now, form, make('div', { class: 'buttons' }, look), out, next);
}

/* As much of a reason as the API takes: a line of 200 bytes. */
function startOf(reason) {
  let text = reason.split(/[\x00-\x1f\x7f]/)[0];
  while (new TextEncoder().encode(text).length > 200) text = text.slice(0, -1);
  return text;
}

/* Each reason has its own buttons: what is mended for one reason is not for another. */
function rejectedPanel(context) {
  const out = make('div', { class: 'out' }), place = make('div', { class: 'rows' }), trouble = make('div');
  let shown = [];
  const acts = (values, calls, isRow) => {
    const ask = { title: t('act.failed_drop'), text: () => t('ask.drop', { calls: number(calls()) }) };
    return make('div', { class: 'buttons' },
    button(context, 'failed_retry', t('act.retry'), { values, out, done: load, tone: isRow ? '' : 'main' }),
    button(context, 'failed_drop', t('act.drop'), { values, out, ask, done: load, tone: 'danger' }));
  };
  const list = table({ caption: t('panel.rejected'), empty: t('reasons.none'),
    key: (row) => String(row.reason), columns: [
    { name: t('column.reason'), class: 'long', fill: (row) => (row.reason === null ? t('reasons.unknown')
      : english(row.reason)) },
    { name: t('column.calls'), class: 'number', fill: (row) => number(row.calls) },
    { name: t('column.last'), class: 'tight', fill: (row) => time(row.last) },
    { name: t('column.action'), class: 'long', fill: (row) => (row.reason ? acts(() => ({ reason: startOf(row.reason) }),
      () => withReason(startOf(row.reason)), true) : '') }] });
  const all = make('div', { class: 'all' }, make('span', {}, t('rejected.all')), acts(() => ({ all: true }),
    () => withReason(''), false));
  place.append(list.node);

  /* The command takes every call whose reason contains this text. These can be more calls than the row shows. */
  const withReason = (text) => shown.filter(({ reason }) => (reason ?? '').toLowerCase().includes(text.toLowerCase()))
    .reduce((sum, { calls }) => sum + calls, 0);

  async function load() {
    try {
      const { reasons } = await get('/rejected', { profile: context.profile(), size: 1000 });
      shown = reasons;
      list.show(reasons);
      all.hidden = reasons.length === 0;
      trouble.replaceChildren();
    } catch (error) {
      trouble.replaceChildren(failure(error));
    }
  }
  context.onChanged.push(oneAtATime(load));
  return panel('rejected', trouble, place, all, out);
}

/* ---- the view ---- */

export function actions(page) {
  const node = make('div', { class: 'acts' }), tools = make('div', { class: 'tools' });
  let context = null, names = null, profile = null;

  function tell() {
    const found = page.summary?.profiles.find(({ name }) => name === context.profile());
    if (found) for (const listener of context.onSummary) listener(found);
  }
  /* Another profile gets its own panels: what one of them says must not stand at the other. */
  function build() {
    const name = profile;
    context = { page, profile: () => name, onSummary: [], onRunning: [], onChanged: [] };
    node.replaceChildren(make('p', { class: 'note wide' }, t('actions.zone', { zone: zone() })), syncPanel(context),
      pausePanel(context), backfillPanel(context), rejectedPanel(context), checkpointPanel(context),
      reconcilePanel(context), settings(context));
    for (const listener of context.onChanged) listener();
    tell();
  }
  function showTools() {
    const { params } = current();
    if (page.profiles().join() !== names) {
      names = page.profiles().join();
      tools.replaceChildren(page.profileField(false) ?? '');
    }
    const wanted = params.profile || page.profiles()[0] || null;
    if (wanted === null) return;
    if (wanted !== profile) {
      profile = wanted;
      build();
    } else tell();
  }
  if (page.session.read_only) node.append(notice('warn', t('error.read_only')));
  return { node, tools,
    update() {
      if (!page.session.read_only) showTools();
    },
    onSummary() {
      if (!page.session.read_only) showTools();
    },
    onChanged() {
      if (context !== null) for (const listener of context.onChanged) listener();
    },
    onRunning(news) {
      if (context !== null) for (const listener of context.onRunning) listener(news);
    } };
}
