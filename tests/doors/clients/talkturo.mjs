// A client of Talkturo's: switches an assistant, and downloads a call under the name that the server gives it.
// usage: talkturo.mjs ASSISTANT true|false CALL FOLDER
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

const [assistant, enabled, call, folder] = process.argv.slice(2);
const { BASE_URL, API_KEY } = process.env;
const headers = { Authorization: `Bearer ${API_KEY}`, 'Content-Type': 'application/json' };

const path = `${BASE_URL}/v1/assistants/${assistant}`;
const body = JSON.stringify({ recording_enabled: enabled === 'true' });
const patched = await fetch(path, { method: 'PATCH', headers, body });
const found = await (await fetch(path, { headers })).json();

const download = await fetch(`${BASE_URL}/v1/calls/${call}/recording/download`, { headers });
const named = /filename\*=UTF-8''([^;]*)/.exec(download.headers.get('content-disposition'))[1];
await writeFile(join(folder, basename(decodeURIComponent(named))), Buffer.from(await download.arrayBuffer()));
console.log(JSON.stringify({ status: patched.status, found, type: download.headers.get('content-type') }));
