// Figures of a herd as text, for a terminal and for docs/tested.md.

const figure = (value) => Math.round(value).toLocaleString('en-US')
const sum = (counts) => Object.values(counts).reduce((total, count) => total + count, 0)

/** A slope, and how sure it is; null is what JSON makes of "not at all". */
const slopeText = ({ slope, margin }) =>
  margin === null || margin === Infinity ? 'too short to tell' : `${slope.toFixed(2)} ± ${margin.toFixed(2)}`
const row = (name, what, { first, last, ...trend }) =>
  `| ${name} | ${what}, MiB | ${first.toFixed(1)} | ${last.toFixed(1)} | ${slopeText(trend)} |`

function growthTable(processes) {
  const rows = Object.entries(processes).flatMap(([name, { heap, code, external, resident, descriptors }]) => [
    row(name, 'heap, compiled code aside', heap),
    row(name, 'compiled code', code),
    row(name, 'memory of buffers', external),
    row(name, 'resident', resident),
    `| ${name} | descriptors, ${descriptors.before} before and ${descriptors.after} after | ${descriptors.first} | ${descriptors.last} | ${slopeText(descriptors)} |`,
  ])
  return [
    '| process | what | after the warm-up | at the end | growth an hour |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ]
}

const pace = ([name, { cores, lag }]) => `${name} ${cores.toFixed(2)} and ${figure(lag)} ms`

function promisesText({ sent, outcomes, handled, redelivered, heard, links, violations }) {
  const settled = Object.entries(outcomes).map(([outcome, count]) => `${figure(count)} ${outcome}`)
  return [
    `**${figure(violations.length)} violations.** ${figure(sent)} messages sent: ${settled.join(', ') || 'none settled'}; handled ${figure(handled)} times, of which ${figure(redelivered)} marked as`,
    `redelivered. ${figure(heard)} messages heard${violations.length ? '' : ', in order and without a gap,'} over ${figure(links)} links.`,
  ]
}

/** Markdown. */
export function herdText(figures) {
  const { clients, minutes, seed, warmUp, faults, processes } = figures
  return [
    `${figure(clients)} clients over the three transports for ${figure(minutes)} minutes, ${figure(sum(faults))} faults (seed ${seed}).`,
    ...promisesText(figures),
    '',
    `Each process after the first ${figure(warmUp)} minutes, collected garbage aside. Growth is that at equally many open descriptors, with what is sure in 19 cases of 20:`,
    '',
    ...growthTable(processes),
    '',
    `Processors used, and how late 99 of 100 turns of the event loop were at most: ${Object.entries(processes).map(pace).join(', ')}.`,
    '',
    '| fault | times |',
    '| --- | --- |',
    ...Object.entries(faults).map(([fault, times]) => `| ${fault} | ${figure(times)} |`),
  ].join('\n')
}
