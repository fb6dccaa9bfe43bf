/* settings: the settings of a profile, each with its own button. The command checks them and keeps the comments. */
import { runAction } from './action.js';
import { get } from './api.js';
import { field, make, uniqueId } from './dom.js';
import { english, failure } from './parts.js';
import { t } from './texts.js';

/* The last line says what is wrong. */
const problemOf = (output) => output.trim().split('\n').pop().replace(/^did-optimizer-sync: /, '');

function fixed(setting) {
  return make('div', { class: 'setting' }, make('span', { class: 'name' }, setting.key),
    make('span', { class: 'value' }, setting.is_secret ? t('settings.secret') : setting.value || '–'),
    make('span', { class: 'note' }, setting.is_set ? '' : t('settings.default')));
}

/* Saves one setting; says below it what came of it. */
async function save(context, key, value, said) {
  said.replaceChildren(t('settings.saving'));
  said.className = 'said';
  const result = runAction(context.page, context.profile(), 'settings_set', { key, value });
  const ended = await result.ended;
  const isGood = ended !== null && ended.exit_code === 0;
  said.className = isGood ? 'said good' : 'said bad';
  if (isGood) said.replaceChildren(t('settings.saved'));
  else if (ended === null) said.replaceChildren(result.node);
  else said.replaceChildren(english(problemOf(ended.output)));
  return isGood;
}

function changeable(context, setting) {
  const name = `${setting.section}.${setting.key}`, id = uniqueId('setting');
  const said = make('div', { class: 'said', role: 'alert', id: `${id}-said` });
  const note = make('span', { class: 'note' }, setting.is_set ? '' : t('settings.default'));
  const input = make('input', { id, value: setting.value ?? '', maxlength: '1000', spellcheck: 'false',
    autocomplete: 'off', 'data-setting': name, 'aria-describedby': `${id}-said` });
  const button = make('button', { disabled: true, 'aria-label': t('settings.save.one', { name }) }, t('settings.save'));
  let old = input.value;
  input.addEventListener('input', () => {
    button.disabled = input.value === old;
    said.replaceChildren();
  });
  return make('form', { class: 'setting', on: { submit: async (event) => {
    event.preventDefault();
    if (input.value === old) return;
    const value = input.value;
    button.disabled = true;
    if (await save(context, name, value, said)) {
      old = value;
      note.textContent = '';
    }
    button.disabled = input.value === old;
  } } }, make('label', { class: 'name', for: id }, setting.key), input, button, note, said);
}

/* A setting that has no name of its own in the file yet, such as the result of a status. */
function another(context, reload) {
  const key = make('input', { required: true, maxlength: '80', placeholder: 'dispositions.AB', spellcheck: 'false',
    name: 'key' });
  const value = make('input', { maxlength: '1000', placeholder: 'busy', spellcheck: 'false', name: 'value' });
  const said = make('div', { class: 'said', role: 'alert' });
  return make('form', { class: 'grid', on: { submit: async (event) => {
    event.preventDefault();
    if (await save(context, key.value.trim(), value.value, said)) reload();
  } } }, field(t('settings.key'), key), field(t('settings.value'), value),
  make('div', { class: 'buttons' }, make('button', {}, t('settings.add'))), said);
}

export function settings(context) {
  const file = make('code'), place = make('div', { class: 'sections' });
  const node = make('section', { class: 'panel act wide', 'aria-labelledby': 'act-settings' },
    make('h3', { id: 'act-settings' }, t('panel.settings')),
    make('p', { class: 'note' }, t('panel.settings.note'), ' ', file), place, make('h4', {}, t('settings.other')),
    another(context, load));

  async function load() {
    try {
      const got = await get('/settings', { profile: context.profile() });
      file.textContent = got.file;
      const sections = [...new Set(got.settings.map(({ section }) => section))];
      const order = (name) => (got.settings.some(({ section, can_change: can }) => section === name && can) ? 0 : 1);
      place.replaceChildren(...sections.sort((a, b) => order(a) - order(b)).map((section) => make('details',
        { open: section === 'sync' }, make('summary', {}, `[${section}]`), got.settings
          .filter((setting) => setting.section === section)
          .map((setting) => (setting.can_change ? changeable(context, setting) : fixed(setting))))));
    } catch (error) {
      place.replaceChildren(failure(error));
    }
  }
  load();
  return node;
}
