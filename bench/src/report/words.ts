// The prose of docs/benchmarks.md.
import type { PartName } from '../results.ts'

export const opening = `# Benchmarks

Made by \`npm run bench -- --save\` from [what was measured](../bench/results); a test fails when this page is not what the results make of it. Figures are medians of rounds, with the least and the most in
parentheses. **Ratios hold, absolute figures drift**: they are those of one machine that did other things, too.`

export const method: readonly string[] = [
  '## How it is measured',
  `- Server and client are in processes of their own, in a page of Chromium the client alone. All over loopback, all over WebSocket, without compression, with the defaults of each library. Holdfast is what is published: the built packages, minified in the page.
- Rounds are interleaved: a round takes each measure of each contestant once, and the order is turned by one from round to round. One round before the first does not count.
- Both ends count messages and bytes, so that what is lost cannot look fast; [a test](../test/bench/smoke.test.ts) checks order and content, too, for every contestant, in Node and in Chromium.
- **send**: bursts of 1,000 calls in one turn of the event loop, until the server has counted the last one. Nothing is acknowledged: Holdfast sends \`volatile\`, SignalR \`send\`, centrifuge \`send\`. Who sends one message per turn gains nothing from packing; that is *serial*.
- **receive**: the server pushes bursts of 1,000 in one turn, until the client has had the last one. Holdfast publishes to a topic, with log and offsets; the others push to the one client.
- **pipelined**: acknowledged sends, 1,000 under way at once: Holdfast \`send\` (exactly once, in order), socket.io \`emitWithAck\`, SignalR \`invoke\`, centrifuge \`publish\`, and by hand over a raw WebSocket. **serial**: one waits for the other.
- **round trip**: a request that is answered with what was sent, one after the other.
- **CPU**: processor time of a whole measure, connecting included, per 100,000 messages.
- *raw* is a WebSocket, one frame per message. *raw-json* adds JSON and numbers for answers. *raw-batched* adds what few write by hand: all of a turn in one frame, both ways; it keeps nothing and promises nothing.
- SignalR's and centrifuge's servers are small ones of ours that speak their protocols and pack what waits, as the real ones do: SignalR's what is in the pipe, Centrifugo up to 16 replies.`,
]

/** Why, as far as it is known. What the table above says of a run need not all be here. */
export const reasons = `What is behind it:

- **raw-batched** and **SignalR** pack what is sent in a turn, too, and keep nothing of it: no outbox that survives the connection, no serials, no limits, no check of what comes. A message that Holdfast acknowledges costs its client about three times
  what it costs *raw-batched*, and half of what it costs socket.io's.
- **Long messages**: all of a packet is JSON, so each text is encoded once more than over a raw WebSocket, and what is pushed faster than it is read waits in the log beyond 4 MiB, where others fill memory.
- **Round trips in Node** take some 10 µs more than by hand: the outbox, the check of every frame, and a turn of the microtask queue on each side that gathers what goes out together. In Chromium that is lost in what a frame costs.
- **Memory**: a client is some 150 closures over what it was given, not a few classes, and objects with getters take the slow shape of V8. A page has one client, a load generator thousands.
- **Size**: the guarantees are in the client ([decision 0002](decisions/0002-client-size.md)).
- **After a reset**, phoenix tries again after 10 ms, all clients at once, and what was pushed meanwhile is lost; Holdfast waits for a moment within 300 ms, which the server chooses by its number of clients.
- **Storm**: clients come back later because they are spread, as the server has announced; the first two lines of that table are what this is for.`

export const headings: Record<PartName, { title: string; text: string }> = {
  node: { title: 'Clients in Node', text: 'Each uses `ws`.' },
  chromium: { title: 'Clients in Chromium', text: 'Here a frame costs about as much as a hundred messages in one.' },
  heap: {
    title: 'Memory of an idle client',
    text: '1,000 clients in one Node process, each connected and listening to one thing, after garbage collection.',
  },
  size: {
    title: 'Size',
    text: 'What it takes to connect, listen and send, by esbuild, gzip level 9. Why Holdfast weighs what it weighs: [decision 0002](decisions/0002-client-size.md).',
  },
  recovery: {
    title: 'Recovery',
    text: 'A server that pushes a message each 20 ms, behind a proxy with 50 ms each way that also counts the round trip of TCP. *Reset*: the connection is cut. *Black hole*: bytes vanish, and nobody is told. Round trips are counted from the first dial after the fault to the first message. Nobody is told of anything by hand; defaults throughout, which is why a phoenix or a partysocket that lost messages looks fast here.',
  },
  storm: {
    title: 'Reconnect storm',
    text: '100,000 clients lose their server in one instant; it is back after 30 s and takes everybody. Simulated, each library by its own formula as installed. Holdfast’s server has announced a spread of 100 s to so many clients.',
  },
  load: {
    title: 'One node under load',
    text: 'What one Holdfast server holds, and in how much memory: [sizing](scaling.md).',
  },
}

export const closing: readonly string[] = [
  '## Run it',
  'See [bench/README.md](../bench/README.md): `npm run bench` takes about a quarter of an hour for everything, `npm run bench -- --part node --only receive --rounds 3` less.',
]
