// Passkeys: asks the page's host what to sign, has the device sign it, sends the answer, goes on.
(() => {
  'use strict';
  const send = async (path, body) => {
    const told = await fetch(path, {
      method: 'POST', credentials: 'same-origin',
      headers: {'Content-Type': 'application/json', Accept: 'application/json'},
      body: body ? JSON.stringify(body) : '{}',
    });
    const answer = await told.json();
    if (!told.ok) throw new Error(answer.detail || '');
    return answer;
  };
  const signed = async (box) => {
    const {path, makes, to} = box.dataset;
    const name = box.querySelector('input[name=name]');
    const options = await send(`${path}/asked`);
    const key = makes
      ? await navigator.credentials.create({publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options)})
      : await navigator.credentials.get({publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options)});
    const end = name ? `?name=${encodeURIComponent(name.value)}` : '';
    const answer = await send(path + end, key.toJSON());
    location.assign(to || answer.to || '/');
  };
  const can = window.PublicKeyCredential && PublicKeyCredential.parseRequestOptionsFromJSON;
  for (const box of can ? document.querySelectorAll('[data-passkey]') : []) {
    const wrong = box.querySelector('[role=alert]');
    box.hidden = false;
    box.querySelector('button').addEventListener('click', () => {
      wrong.textContent = '';
      signed(box).catch((error) => { wrong.textContent = error.name === 'Error' && error.message || box.dataset.wrong; });
    });
  }
})();
