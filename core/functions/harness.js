// Runs the code of one Segment insert function, for core/functions/child.py. One JSON value a line, in and out.
//
// First line in:  {"file", "code", "settings", "network", "memory", "timeout"}   out: {"handlers": [names]} or {"error": "why"}
// Further lines:  {"id", "event"}                                     out: {"id", "effect", "reason", "event"?, "logs"}
//
// The code runs in a context of its own, without require and process. This keeps accidents in; it is no security
// boundary. What leaves the context is text, so that nothing in it can change the objects out here.
'use strict'

const fs = require('node:fs')
const vm = require('node:vm')
const { inspect } = require('node:util')
const { Worker } = require('node:worker_threads')

const LOG_LINES = 20
const LOG_LENGTH = 500 // characters of a line
const REASON_LENGTH = 1000
const BODY_LIMIT = 5 * 1024 * 1024 // bytes of an answer to fetch
const TYPES = { track: 'onTrack', identify: 'onIdentify', page: 'onPage', screen: 'onScreen', group: 'onGroup', alias: 'onAlias', delete: 'onDelete' }
const HANDLERS = [...Object.values(TYPES), 'onBatch']

// This thread may be held up by an endless loop, so another one watches memory, and whether segtap still lives.
const WATCH = `
const fs = require('node:fs')
const { limit, parent } = require('node:worker_threads').workerData
setInterval(() => {
  const why = process.memoryUsage.rss() > limit ? 'memory' : process.ppid !== parent && process.platform !== 'win32' ? 'parent' : ''
  if (!why) return
  try { fs.writeSync(2, why + '\\n') } catch {}
  process.kill(process.pid, 'SIGKILL')
}, 50)
`

// Runs inside of the context, before the function's code. `host` is known to nothing else in there.
function inside(host, settingsText, network) {
  'use strict'
  const { parse, stringify } = JSON
  const { isArray } = Array
  const { assign, entries, keys } = Object
  const String_ = String
  const settings = () => parse(settingsText)
  const define = (name, value) => Object.defineProperty(globalThis, name, { value, writable: true, configurable: true })

  class EventNotSupported extends Error {}
  class InvalidEventPayload extends Error {}
  class ValidationError extends Error {}
  class RetryError extends Error {}
  class DropEvent extends Error {}
  const errors = { EventNotSupported, InvalidEventPayload, ValidationError, RetryError, DropEvent }
  for (const name of keys(errors)) {
    Object.defineProperty(errors[name].prototype, 'name', { value: name, configurable: true, writable: true })
    define(name, errors[name])
  }
  class NoNetwork extends Error {}

  const console = {}
  for (const name of ['log', 'info', 'debug', 'warn', 'error', 'trace', 'dir']) console[name] = (...parts) => host.log(parts)
  for (const name of ['time', 'timeEnd', 'timeLog', 'group', 'groupEnd', 'assert', 'count', 'table']) console[name] = () => {}
  define('console', console)

  // Timers end with the message that set them.
  const timer = (repeat) => (callback, delay, ...parts) => {
    if (typeof callback !== 'function') throw new TypeError('a timer needs a function')
    return host.setTimer(repeat, +delay || 0, () => {
      try {
        callback(...parts)
      } catch (error) {
        host.log([error])
      }
    })
  }
  define('setTimeout', timer(false))
  define('setInterval', timer(true))
  define('setImmediate', (callback, ...parts) => timer(false)(callback, 0, ...parts))
  for (const name of ['clearTimeout', 'clearInterval', 'clearImmediate']) define(name, (id) => host.clearTimer(+id))

  const cached = new Map()
  define('cache', {
    async load(key, ttl, make) {
      const found = cached.get(key)
      if (found && found.until > Date.now()) return found.value
      const value = await make()
      if (cached.size > 1000) cached.clear()
      cached.set(key, { value, until: ttl === undefined || ttl === -1 ? Infinity : Date.now() + ttl })
      return value
    },
    delete: (key) => void cached.delete(key)
  })

  const pairs = (headers) => {
    if (!headers) return []
    const listed = typeof headers.entries === 'function' ? [...headers.entries()] : entries(headers)
    return listed.map(([name, value]) => [String_(name), String_(value)])
  }
  define('fetch', (url, options = {}) => {
    host.fetched()
    if (!network) return Promise.reject(new NoNetwork('fetch is off: set network = true to let the function use it'))
    const { method, headers, body, redirect } = options
    const request = { method, redirect, headers: pairs(headers), body: body === undefined || body === null ? undefined : String_(body) }
    return new Promise((resolve, reject) => {
      host.fetch(String_(url), stringify(request), (fault, answer) => {
        if (fault) {
          reject(assign(new Error(fault), { name: 'FetchError' }))
          return
        }
        const { status, statusText, url, headers, text } = parse(answer)
        const named = new Map(headers)
        resolve({
          status,
          statusText,
          url,
          ok: status >= 200 && status < 300,
          headers: {
            get: (name) => named.get(String_(name).toLowerCase()) ?? null,
            has: (name) => named.has(String_(name).toLowerCase()),
            entries: () => named.entries(),
            forEach: (call) => named.forEach((value, name) => call(value, name)),
            raw: () => Object.fromEntries(headers.map(([name, value]) => [name, [value]]))
          },
          text: async () => text,
          json: async () => parse(text)
        })
      })
    })
  })

  const fault = (error) => {
    let name = 'Error'
    let words = ''
    try {
      const known = keys(errors).find((one) => error instanceof errors[one])
      name = error instanceof NoNetwork ? 'NoNetwork' : String_(known || (error && error.name) || 'Error')
      words = String_(error instanceof Error ? error.message : error && error.message ? error.message : error)
    } catch {}
    return [name, words]
  }

  // `done` gets what the handler came to: 'event' and its text, 'nothing' and what was returned, 'error', its name and text.
  return (handler, batch, text, done) => {
    const run = async () => {
      const event = parse(text)
      let made = await (batch ? handler([event], settings()) : handler(event, settings()))
      if (batch) {
        if (!isArray(made)) return ['nothing', made === undefined || made === null ? 'nothing' : 'no list']
        made = made[0]
      }
      if (made === undefined || made === null) return ['nothing', batch ? 'a list without the event' : 'nothing']
      if (typeof made !== 'object') return ['nothing', `a ${typeof made}`]
      if (isArray(made)) return ['nothing', 'a list']
      return ['event', stringify(made)]
    }
    run().then(
      (answer) => done(...answer),
      (error) => done('error', ...fault(error))
    )
  }
}

const still = new Int32Array(new SharedArrayBuffer(4))

// Written at once, so that an answer is out before the code of the next message can hang or end the process.
// Half a surrogate pair, which no UTF-8 text can hold, becomes U+FFFD in words.
const whole = (text) => String(text).replace(/[\ud800-\udfff]/gu, '\ufffd')

function say(value) {
  let rest = Buffer.from(JSON.stringify(value) + '\n')
  while (rest.length) {
    try {
      rest = rest.subarray(fs.writeSync(1, rest))
    } catch (error) {
      if (error.code !== 'EAGAIN') process.exit(1) // segtap reads no more
      Atomics.wait(still, 0, 0, 1)
    }
  }
}

let logs = []
let dropped = 0
let fetched = false
const timers = new Map()
let timerCount = 0
const realSetTimeout = setTimeout
const realSetInterval = setInterval

const host = {
  log(parts) {
    if (logs.length >= LOG_LINES) {
      dropped += 1
      return
    }
    let line
    try {
      line = parts.map((part) => (typeof part === 'string' ? part : inspect(part, { depth: 4, breakLength: Infinity, maxArrayLength: 50, maxStringLength: LOG_LENGTH }))).join(' ')
    } catch (error) {
      line = '(cannot be shown)'
    }
    logs.push(whole(line.length > LOG_LENGTH ? line.slice(0, LOG_LENGTH - 1) + '…' : line))
  },
  setTimer(repeat, delay, call) {
    const id = ++timerCount
    const once = () => {
      timers.delete(id)
      call()
    }
    timers.set(id, repeat ? realSetInterval(call, Math.max(delay, 1)) : realSetTimeout(once, delay))
    return id
  },
  clearTimer(id) {
    clearTimeout(timers.get(id))
    timers.delete(id)
  },
  fetched() {
    fetched = true
  },
  fetch(url, text, done) {
    const options = JSON.parse(text)
    fetch(url, options)
      .then(async (answer) => {
        let size = 0
        const parts = []
        for await (const part of answer.body ?? []) {
          size += part.length
          if (size > BODY_LIMIT) throw new Error(`the answer of ${url} is larger than ${BODY_LIMIT} bytes`)
          parts.push(part)
        }
        return JSON.stringify({
          status: answer.status,
          statusText: answer.statusText,
          url: answer.url,
          headers: [...answer.headers],
          text: Buffer.concat(parts).toString('utf8')
        })
      })
      .then(
        (answer) => done('', answer),
        (error) => done(String(error.cause?.message || error.message))
      )
  }
}

// A promise that nobody waits for may fail without ending the process.
process.on('unhandledRejection', (error) => host.log(['a promise failed that nothing waited for:', error]))

function started({ file, code, settings, network, memory, timeout }) {
  new Worker(WATCH, {
    eval: true,
    workerData: { limit: process.memoryUsage.rss() + memory, parent: process.ppid },
    resourceLimits: { maxOldGenerationSizeMb: 16 }
  }).unref()
  const context = vm.createContext({}, { name: file })
  const run = vm.runInContext(`(${inside})`, context)(host, JSON.stringify(settings), network)
  for (const [name, value] of Object.entries({ Buffer, URL, URLSearchParams, TextEncoder, TextDecoder, atob, btoa, crypto: require('node:crypto') }))
    Object.defineProperty(context, name, { value, writable: true, configurable: true })
  const ready = { handlers: {}, run }
  try {
    vm.runInContext(code, context, { filename: file, timeout })
    for (const name of HANDLERS) {
      // A handler may be a constant, which is no property of the global object.
      const handler = vm.runInContext(`typeof ${name} === 'function' ? ${name} : undefined`, context)
      if (handler) ready.handlers[name] = handler
    }
  } catch (error) {
    say({ error: whole(`${error?.name ?? 'Error'}: ${error?.message ?? error}`).slice(0, REASON_LENGTH) })
    return ready
  }
  say({ handlers: Object.keys(ready.handlers) })
  return ready
}

function ended(id, answer) {
  for (const timer of timers.values()) clearTimeout(timer)
  timers.clear()
  if (dropped) logs.push(`… and ${dropped} more lines`)
  say({ id, fetched, logs, ...answer })
}

function judged({ handlers, run }, { id, event }, next) {
  logs = []
  dropped = 0
  fetched = false
  const name = typeof event.type === 'string' && Object.hasOwn(TYPES, event.type) ? TYPES[event.type] : ''
  const batch = Object.hasOwn(handlers, 'onBatch')
  const handler = batch ? handlers.onBatch : Object.hasOwn(handlers, name) ? handlers[name] : undefined
  if (!handler) {
    ended(id, { effect: 'no_handler', reason: name })
    next()
    return
  }
  let settled = false
  run(handler, batch, JSON.stringify(event), (effect, first, second) => {
    if (settled) return
    settled = true
    if (effect === 'event') ended(id, { effect, event: first })
    else if (effect === 'nothing') ended(id, { effect, reason: whole(first) })
    else ended(id, { effect, error: whole(first).slice(0, 100), reason: whole(second).slice(0, REASON_LENGTH) })
    next()
  })
}

let ready
let working = false
let rest = ''
const lines = []

function work() {
  while (!working && lines.length) {
    const given = JSON.parse(lines.shift())
    if (!ready) {
      ready = started(given)
      continue
    }
    working = true
    judged(ready, given, () => {
      working = false
      setImmediate(work)
    })
  }
}

process.stdin.setEncoding('utf8')
process.stdin.on('data', (part) => {
  const parts = (rest + part).split('\n')
  rest = parts.pop()
  lines.push(...parts)
  work()
})
process.stdin.on('end', () => process.exit(0))
