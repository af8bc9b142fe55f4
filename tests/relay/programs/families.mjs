// Calls every family of endpoints with the official Node.js package and prints what each call gave, as one JSON object.
// OPENAI_BASE_URL and OPENAI_API_KEY say where; it runs in a folder of its own.

import net from 'node:net';
import OpenAI, { toFile } from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';

const client = new OpenAI({ maxRetries: 0 });
const messages = [{ role: 'user', content: 'Grüße, 你好' }];
const model = 'gpt-4o-mini';
const file = (name = 'données 1.jsonl') => toFile(Buffer.from([0x7b, 0x7d, 0x0d, 0x0a, 0x00, 0xff]), name);
const sound = () => toFile(Buffer.alloc(4096, 0xfe), 'speech.wav');
const collected = async (stream) => {
  const events = [];
  for await (const event of await stream) events.push(event);
  return events;
};
const bytes = async (answer) => Buffer.from(await (await answer).arrayBuffer()).toString('base64');
const page = async (list) => (await list).data;

// The package insists on TLS for realtime; the bytes go over a plain connection all the same.
const plainly = { createConnection: ({ host, port }) => net.connect({ host, port }) };

const realtime = () =>
  new Promise((resolve, reject) => {
    const heard = [];
    const connection = new OpenAIRealtimeWS({ model: 'gpt-realtime', options: plainly }, client);
    connection.on('error', reject);
    connection.on('session.created', () => connection.send({ type: 'response.create' }));
    connection.on('event', (event) => {
      heard.push(event.type);
      if (event.type === 'response.done') connection.close({ code: 1000, reason: 'done' });
    });
    connection.socket.on('close', (code) => resolve([...heard, code]));
  });

const refused = async () => {
  try {
    await client.models.retrieve('no-such-model');
  } catch (error) {
    return [error.constructor.name, error.status, error.code, error.requestID];
  }
  return 'not refused';
};

const calls = {
  chat: () => client.chat.completions.create({ model, messages, unknown: [1, null] }),
  'chat stream': () => collected(client.chat.completions.create({ model, messages, stream: true })),
  'chat stream with usage': () =>
    collected(client.chat.completions.create({ model, messages, stream: true, stream_options: { include_usage: true } })),
  completion: () => client.completions.create({ model, prompt: 'a' }),
  'completion stream': () => collected(client.completions.create({ model, prompt: 'a', stream: true })),
  response: () => client.responses.create({ model, input: 'hi' }),
  'response stream': () => collected(client.responses.create({ model, input: 'hi', stream: true })),
  'response items': () => page(client.responses.inputItems.list('resp_1')),
  embedding: () => client.embeddings.create({ model: 'text-embedding-3-small', input: 'a', encoding_format: 'float' }),
  moderation: () => client.moderations.create({ input: 'a' }),
  models: () => page(client.models.list()),
  model: () => client.models.retrieve(model),
  'model refused': refused,
  file: async () => client.files.create({ file: await file(), purpose: 'fine-tune' }),
  files: () => page(client.files.list({ limit: 2, after: 'file-é' })),
  'file content': () => bytes(client.files.content('file-1')),
  'file delete': () => client.files.delete('file-1'),
  upload: () => client.uploads.create({ bytes: 6, filename: 'f', mime_type: 'text/plain', purpose: 'batch' }),
  'upload part': async () => client.uploads.parts.create('up_1', { data: await file() }),
  'upload complete': () => client.uploads.complete('up_1', { part_ids: ['p1'] }),
  'upload cancel': () => client.uploads.cancel('up_1'),
  'fine-tuning': () => client.fineTuning.jobs.create({ model, training_file: 'file-1' }),
  'fine-tuning list': () => page(client.fineTuning.jobs.list({ limit: 5 })),
  'fine-tuning get': () => client.fineTuning.jobs.retrieve('ftjob-1'),
  'fine-tuning cancel': () => client.fineTuning.jobs.cancel('ftjob-1'),
  'fine-tuning events': () => page(client.fineTuning.jobs.listEvents('ftjob-1')),
  'fine-tuning checkpoints': () => page(client.fineTuning.jobs.checkpoints.list('ftjob-1')),
  speech: () => bytes(client.audio.speech.create({ model: 'tts-1', voice: 'alloy', input: 'Guten Tag' })),
  transcription: async () => client.audio.transcriptions.create({ file: await sound(), model: 'whisper-1' }),
  'transcription as text': async () =>
    client.audio.transcriptions.create({ file: await sound(), model: 'whisper-1', response_format: 'text' }),
  'transcription stream': async () =>
    collected(client.audio.transcriptions.create({ file: await sound(), model: 'gpt-4o-transcribe', stream: true })),
  translation: async () => client.audio.translations.create({ file: await sound(), model: 'whisper-1' }),
  image: () => client.images.generate({ prompt: 'a hill', model: 'gpt-image-1' }),
  'image edit': async () =>
    client.images.edit({ image: [await file('1.png'), await file('2.png')], prompt: '山', model: 'gpt-image-1' }),
  'image variation': async () => client.images.createVariation({ image: await file('1.png') }),
  batch: () => client.batches.create({ completion_window: '24h', endpoint: '/v1/responses', input_file_id: 'file-1' }),
  'batch cancel': () => client.batches.cancel('batch_1'),
  'vector store': () => client.vectorStores.create({ name: 's' }),
  container: () => client.containers.create({ name: 'box' }),
  conversation: () => client.conversations.create({ metadata: { k: 'v' } }),
  evaluation: () => client.evals.create({ data_source_config: { type: 'logs' }, testing_criteria: [] }),
  video: () => client.videos.create({ prompt: 'waves' }),
  realtime,
};

const results = {};
for (const [name, call] of Object.entries(calls)) {
  try {
    results[name] = await call();
  } catch (error) {
    results[name] = { failed: String(error) };
  }
}
console.log(JSON.stringify(results));
