// Does with the official Node.js package all that is ours under /v1, and prints what each step gave, as one JSON object.
// OPENAI_BASE_URL and OPENAI_API_KEY say where; it runs in a folder of its own.

import OpenAI, { toFile } from 'openai';

const client = new OpenAI({ maxRetries: 0 });
const BEES = 'Bees sleep at night. A hive in June has about forty thousand bees.';
const QUESTION = 'How many bees does a hive in June have?';
const file = (name, text) => toFile(Buffer.from(text), name);
const all = async (list) => {
  const found = [];
  for await (const each of list) found.push(each);
  return found;
};
const refusal = async (call) => {
  try {
    await call();
  } catch (error) {
    return [error.constructor.name, error.status];
  }
  return 'not refused';
};

const results = {};
const step = async (name, call) => {
  try {
    return (results[name] = (await call()) ?? null);
  } catch (error) {
    results[name] = { failed: String(error) };
    return {};
  }
};

const { vectorStores, files, uploads, responses, chat, models } = client;

const kept = await step('file', async () =>
  files.create({ file: await file('bees.txt', BEES), purpose: 'assistants', expires_after: { anchor: 'created_at', seconds: 3600 } }),
);
await step('file again', () => files.retrieve(kept.id));
await step('file processed', () => files.waitForProcessing(kept.id));
await step('file content', async () => (await files.content(kept.id)).text());
await step('files', async () => (await all(files.list({ limit: 1 }))).map((each) => each.id));

const upload = await step('upload', () =>
  uploads.create({ bytes: 6, filename: 'six.txt', mime_type: 'text/plain', purpose: 'assistants' }),
);
const part = await step('part', async () => uploads.parts.create(upload.id, { data: await file('part', 'abcdef') }));
await step('upload complete', () => uploads.complete(upload.id, { part_ids: [part.id] }));
const dropped = await uploads.create({ bytes: 6, filename: 'x.txt', mime_type: 'text/plain', purpose: 'assistants' });
await step('upload cancelled', () => uploads.cancel(dropped.id));

const store = await step('store', () => vectorStores.create({ name: 'from node', metadata: { a: 'b' } }));
await step('store again', () => vectorStores.retrieve(store.id));
await step('store changed', () => vectorStores.update(store.id, { name: 'from node, changed' }));
await step('stores', async () => (await all(vectorStores.list({ limit: 1 }))).map((each) => each.id));
await step('attached', () =>
  vectorStores.files.createAndPoll(store.id, { file_id: kept.id, attributes: { about: 'bees' } }),
);
await step('attached again', () => vectorStores.files.retrieve(kept.id, { vector_store_id: store.id }));
await step('attributes', () =>
  vectorStores.files.update(kept.id, { vector_store_id: store.id, attributes: { about: 'hives' } }),
);
await step('text', async () => (await all(vectorStores.files.content(kept.id, { vector_store_id: store.id })))[0].text);
await step('uploaded', async () => vectorStores.files.uploadAndPoll(store.id, await file('moon.txt', 'The moon rises.')));
await step('attached files', async () =>
  (await all(vectorStores.files.list(store.id, { limit: 1, filter: 'completed' }))).map((each) => each.id),
);
const batch = await step('batch', async () =>
  vectorStores.fileBatches.uploadAndPoll(store.id, {
    files: [await file('one.txt', 'Number one.'), await file('two.txt', 'Number two.')],
  }),
);
await step('batch again', () => vectorStores.fileBatches.retrieve(batch.id, { vector_store_id: store.id }));
await step('batch of kept files', () =>
  vectorStores.fileBatches.createAndPoll(store.id, { file_ids: [results['upload complete'].file.id] }),
);
await step('batch files', async () =>
  (await all(vectorStores.fileBatches.listFiles(batch.id, { vector_store_id: store.id }))).map((each) => each.status),
);
await step('batch cancelled', () => vectorStores.fileBatches.cancel(batch.id, { vector_store_id: store.id }));
await step('hits', () =>
  all(vectorStores.search(store.id, { query: QUESTION, filters: { type: 'eq', key: 'about', value: 'hives' } })),
);

const tools = [{ type: 'file_search', vector_store_ids: [store.id] }];
const answer = await step('response', () =>
  responses.create({ model: 'chat', input: QUESTION, tools, include: ['file_search_call.results'] }),
);
await step('response again', () => responses.retrieve(answer.id));
await step('input items', () => all(responses.inputItems.list(answer.id)));
await step('response stream', async () => {
  const stream = responses.stream({ model: 'chat', input: QUESTION, tools });
  const kinds = (await all(stream)).map((event) => event.type);
  return { kinds, text: (await stream.finalResponse()).output_text };
});
await step('response cancel', () => refusal(() => responses.cancel(answer.id)));
await step('response deleted', () => responses.delete(answer.id));
await step('response gone', () => refusal(() => responses.retrieve(answer.id)));

const messages = [{ role: 'user', content: QUESTION }];
await step('chat', () => chat.completions.create({ model: `store/${store.id}`, messages }));
await step('chat stream', async () => {
  const stream = chat.completions.stream({ model: `store/${store.id}`, messages });
  return (await stream.finalChatCompletion()).choices[0];
});
await step('models', async () => (await all(models.list())).map((each) => each.id));
await step('model', () => models.retrieve(`store/${store.id}`));

await step('detached', () => vectorStores.files.delete(kept.id, { vector_store_id: store.id }));
await step('file deleted', () => files.delete(kept.id));
await step('file gone', () => refusal(() => files.retrieve(kept.id)));
await step('store deleted', () => vectorStores.delete(store.id));
await step('store gone', () => refusal(() => vectorStores.retrieve(store.id)));

console.log(JSON.stringify(results));
