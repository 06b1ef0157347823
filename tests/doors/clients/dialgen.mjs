// A client of Dialgen's: looks a call up, downloads it and the calls of its batch. usage: dialgen.mjs FOLDER
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const folder = process.argv[2];
const headers = { Authorization: `Bearer ${process.env.API_KEY}` };

async function got(path, query) {
  const response = await fetch(`${process.env.BASE_URL}${path}?${new URLSearchParams(query)}`, { headers });
  return response.json();
}

async function keep({ id, recordingUrl }) {
  const response = await fetch(recordingUrl);
  await writeFile(join(folder, `recording_${id}.mp3`), Buffer.from(await response.arrayBuffer()));
}

const asked = { callId: 'call_123', userId: 'user_456', agentId: 'agent_789', contactId: 'contact_123' };
const metric = await got('/api/v1/call/get-metric', asked);
await keep(metric.callData);
const wrong = await got('/api/v1/call/get-metric', { ...asked, agentId: 'agent_1' });
const batch = await got('/api/v1/call/get-batch-calls', { batchId: 'batch_7' });
for (const call of batch.calls) {
  if (call.recordingUrl) await keep(call);
}
console.log(JSON.stringify({ metric, wrong, batch }));
