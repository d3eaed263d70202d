// Segment's published Mixpanel destination, one JSON line in, one out:
// {now, settings, subscriptions?, message} -> {requests, rejected}, as `segtap translate` writes them.
// {"filter": ir, "messages"} -> {"taken": […], "asTheyAre": […]}: what the matcher of @segment/tsub says of a condition.
// {"transform": [transformers], "messages"} -> {"made": […]}: what the transformers of @segment/tsub make of each.
// {"benchmark": {"settings", "messages", "rounds"}} -> {"rate"}: messages a second of this process's CPU time.
// Nothing is sent: requests end in `captured`, and a socket that would leave the machine is an error.
'use strict'

process.env.TZ = 'UTC'

let now = 0
const RealDate = Date
class FixedDate extends RealDate {
  constructor(...parts) {
    if (parts.length) super(...parts)
    else super(now)
  }
  static now() {
    return now
  }
}
globalThis.Date = FixedDate

// a fixed number, so that insert ids made at random can be told
Math.random = () => 0.1

require('node:net').Socket.prototype.connect = () => {
  throw new Error('conformance: no connection may be made')
}

let captured = []
const realFetch = require('cross-fetch')
const fetch = async (request) => {
  captured.push(request)
  return new realFetch.Response('{}', { status: 200 })
}
const { Headers, Request, Response } = realFetch
Object.assign(fetch, { default: fetch, fetch, Headers, Request, Response, __esModule: true })
require.cache[require.resolve('cross-fetch')].exports = fetch
globalThis.fetch = fetch

const { Destination } = require('@segment/actions-core')
const definition = require('./node_modules/@segment/action-destinations/dist/destinations/mixpanel').default
const destination = new Destination(definition)
const presets = definition.presets.map((preset) => ({ ...preset, enabled: true }))

async function shown(request) {
  const type = (request.headers.get('content-type') || '').split(';')[0]
  const authorization = request.headers.get('authorization')
  const text = await request.text()
  const body = JSON.parse(type === 'application/json' ? text : new URLSearchParams(text).get('data'))
  return { method: request.method, url: request.url, content_type: type, ...(authorization && { authorization }), body }
}

// A mapping with several faults: the published message holds a stack trace for each, we keep the sentences.
const words = (error) =>
  typeof error[Symbol.iterator] === 'function' && error.name === 'AggregateError'
    ? [...error].map((one) => one.message).join(' ')
    : error.message

async function translated({ settings, subscriptions, message }) {
  captured = []
  const rejected = []
  await Promise.all(
    (subscriptions || presets).map(async (subscription, index) => {
      if (subscription.enabled === false) return
      try {
        await destination.onSubscription(subscription, message, settings, {}, {})
      } catch (error) {
        rejected[index] = words(error)
      }
    })
  )
  const first = rejected.find((one) => one !== undefined)
  return { requests: await Promise.all(captured.map(shown)), rejected: first === undefined ? null : first }
}

// A missing value is null to Segment's servers, undefined to the matcher: `nulls` tells it so.
const dlv = require('dlv')
let nulls = false
const get = (event, path) => dlv(event, path, nulls ? null : undefined)
require.cache[require.resolve('dlv')].exports = Object.assign(get, { default: get, __esModule: true })
// The sample works on the MD5's bytes and on ldexp, as its comments say. Its packages give hexadecimal digits
// today, and a number near 0, with which every message is in.
const md5 = (text) => [...require('node:crypto').createHash('md5').update(String(text)).digest()]
require.cache[require.resolve('tiny-hashes/md5')] = { exports: md5, loaded: true }
require.cache[require.resolve('@stdlib/math-base-special-ldexp')] = {
  exports: (fraction, exponent) => fraction * 2 ** exponent,
  loaded: true
}
const { matches, transform } = require('@segment/tsub')

function transformed({ transform: transformers, messages }) {
  const made = messages.map((message) => {
    try {
      return { made: transform(message, transformers) }
    } catch (error) {
      return { threw: error.message }
    }
  })
  return { made }
}

function filtered({ filter, messages }) {
  const matcher = { type: 'fql', ir: JSON.stringify(filter) }
  const taken = (asNull) => (message) => {
    nulls = asNull
    try {
      return matches(message, matcher)
    } catch (error) {
      return `threw ${error.message}`
    }
  }
  return { taken: messages.map(taken(true)), asTheyAre: messages.map(taken(false)) }
}

async function benchmark({ settings, messages, rounds }) {
  let best = 0
  for (let round = 0; round < rounds; round++) {
    const start = process.cpuUsage()
    for (const message of messages) {
      captured = []
      await destination.onEvent(message, { ...settings, subscriptions: presets }).catch(() => {})
    }
    const { user, system } = process.cpuUsage(start)
    best = Math.max(best, messages.length / ((user + system) / 1e6))
  }
  return { rate: best }
}

async function main() {
  for await (const line of require('node:readline').createInterface({ input: process.stdin })) {
    const given = JSON.parse(line)
    let made
    if (given.benchmark) {
      made = await benchmark(given.benchmark)
    } else if ('transform' in given) {
      made = transformed(given)
    } else if ('filter' in given) {
      made = filtered(given)
    } else {
      now = RealDate.parse(given.now)
      made = await translated(given)
    }
    process.stdout.write(JSON.stringify(made) + '\n')
  }
}

main()
