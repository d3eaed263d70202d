// The sample page: a button for each call, in cloud mode, device mode or both.
'use strict'

const { endpoint, token } = document.documentElement.dataset
const host = endpoint.replace(/^https?:\/\//, '')
const protocol = endpoint.startsWith('https:') ? 'https' : 'http'
const box = (id) => document.getElementById(id)

// Device mode. Segment's own integration is not on npm; this plugin calls Mixpanel's SDK where that one does, with
// the settings that it has by default and People on.
const deviceMode = {
  name: 'Mixpanel',
  type: 'destination',
  version: '1.0.0',
  isLoaded: () => true,
  load: async () => {
    mixpanel.init(token, { api_host: endpoint, batch_flush_interval_ms: 500, record_sessions_percent: 0 })
    mixpanel.register({ mp_lib: 'Segment: web' })
  },
  identify: (ctx) =>
    inPage(ctx, ({ userId, traits }) => {
      if (userId) mixpanel.identify(userId)
      mixpanel.register(traits)
      mixpanel.people.set({ ...traits, ...(userId && { id: userId }) })
    }),
  track: (ctx) => inPage(ctx, ({ event, properties }) => mixpanel.track(event, properties)),
  page: (ctx) => inPage(ctx, ({ properties }) => mixpanel.track('Loaded a Page', properties)),
  group: (ctx) =>
    inPage(ctx, ({ groupId, traits }) => {
      mixpanel.get_group('company', groupId).set_once(traits)
      mixpanel.set_group('company', [groupId])
    }),
  alias: (ctx) => inPage(ctx, ({ userId }) => mixpanel.alias(userId)),
}

function inPage(ctx, call) {
  if (box('device').checked) call(ctx.event)
  return ctx
}

const analytics = new AnalyticsNext.AnalyticsBrowser()
analytics.register(deviceMode)
analytics.load(
  { writeKey: 'SAMPLE_PAGE', cdnURL: endpoint },
  { integrations: { 'Segment.io': { apiHost: `${host}/v1`, protocol } } }
)

let number = 0
const calls = {
  identify: (options) => analytics.identify('user-7', { name: 'Zoë Ångström', email: 'zoe@shop.example', plan: 'pro' }, options),
  track: (options) =>
    analytics.track('Order Completed', { order_id: `order-${++number}`, revenue: 39.9, currency: 'EUR',
      products: [{ sku: 'A-1', price: 19.95, quantity: 2 }] }, options),
  page: (options) => analytics.page('Docs', 'Getting started', {}, options),
  group: (options) => analytics.group('acme', { name: 'Acme', seats: 12 }, options),
  alias: async (options) => {
    const to = `user-7-${Date.now()}`
    const { event } = await analytics.alias(to, 'user-7', options)
    if (event.userId !== to) note(`alias: analytics.js sent the known user, ${event.userId}, in place of ${to}`)
  },
}

for (const [name, call] of Object.entries(calls)) {
  box(name).addEventListener('click', async () => {
    const cloud = box('cloud').checked
    const modes = [cloud && 'cloud', box('device').checked && 'device'].filter(Boolean).join(' and ')
    note(`${name}, ${modes || 'no'} mode`)
    await call(cloud ? {} : { integrations: { 'Segment.io': false } })
  })
}
box('reset').addEventListener('click', () => {
  analytics.reset()
  note('reset: no message')
})
box('mixpanel-reset').addEventListener('click', () => {
  if (mixpanel.__loaded) mixpanel.reset()
  note('mixpanel.reset: no message')
})
for (const id of ['cloud', 'device']) {
  box(id).addEventListener('change', () => {
    box('both').hidden = !(box('cloud').checked && box('device').checked)
  })
}
analytics.ready(() => document.body.classList.add('ready'))
analytics.catch((error) => {
  box('fault').textContent = `analytics.js could not start: ${error.message}. Does segtap run at ${endpoint}?`
})

function note(text) {
  const line = document.createElement('li')
  line.textContent = text
  box('log').append(line)
}
