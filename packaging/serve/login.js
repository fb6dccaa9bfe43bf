/* login: the form that asks for name and password. */
import { explain, logIn } from './api.js';
import { field, make, say } from './dom.js';
import { t } from './texts.js';

/* onSession(session): the user is logged in. note: why the form is shown; undefined: no reason. */
export function login(onSession, note) {
  const name = make('input', { name: 'name', autocomplete: 'username', required: true, maxlength: '100',
    autocapitalize: 'none', spellcheck: 'false' });
  const password = make('input', { name: 'password', type: 'password', autocomplete: 'current-password',
    required: true });
  const button = make('button', { class: 'main' }, t('login.do'));
  const said = make('p', { class: 'said bad', role: 'alert' });
  const form = make('form', { class: 'panel login', 'aria-labelledby': 'login-title', on: { submit: send } },
    make('h2', { id: 'login-title' }, t('login.title')),
    note ? make('p', { class: 'note', role: 'status' }, note) : null,
    field(t('login.name'), name), field(t('login.password'), password), said, button);

  async function send(event) {
    event.preventDefault();
    button.disabled = true;
    say(said, '');
    try {
      await onSession(await logIn(name.value, password.value));
    } catch (error) {
      say(said, explain(error));
      password.select();
      password.focus();
    }
    button.disabled = false;
  }
  return form;
}
