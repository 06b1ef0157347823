// A client of KrosAI's: lists completed calls, follows each link, and asks for a link and a transcript alone.
// usage: krosai.mjs FROM_DATE FOLDER
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const [fromDate, folder] = process.argv.slice(2);
const headers = { 'x-api-key': process.env.API_KEY };
const got = async (path) => (await fetch(`${process.env.BASE_URL}/v1${path}`, { headers })).json();

const { calls } = await got(`/calls?from_date=${fromDate}&status=completed`);
const saved = [];
for (const call of calls) {
  if (!call.recording_url) continue;
  const name = `${call.id}_${call.from_number}_${call.duration}s.mp3`;
  const sound = await fetch(call.recording_url);
  await writeFile(join(folder, name), Buffer.from(await sound.arrayBuffer()));
  saved.push(name);
}
const [first] = calls;
const recording = await got(`/calls/${first.id}/recording`);
const transcript = await got(`/calls/${first.id}/transcript`);
console.log(JSON.stringify({ calls, saved, recording, transcript }));
