# As terraform plan -generate-config-out writes it, from import blocks.
import {
  to = segment_destination.id-5c0e
  id = "5c0e"
}

resource "segment_destination" "id-5c0e" {
  enabled = true
  metadata = {
    contacts          = null
    id                = "615c7438d93d9b61b1e9e192"
    partner_owned     = false
    region_endpoints  = ["US", "EU"]
    supported_regions = null
  }
  name      = "Mixpanel (Actions)"
  settings  = "{\"apiRegion\":\"EU 🇪🇺\",\"apiSecret\":\"••••••••••aefd\",\"projectToken\":\"tok\",\"sourceName\":\"web\",\"strictMode\":\"1\"}"
  source_id = "src1"
}

import {
  to = segment_destination_subscription.id-5c0e_s1
  id = "5c0e:s1"
}

resource "segment_destination_subscription" "id-5c0e_s1" {
  action_id            = "act1"
  destination_id       = "5c0e"
  enabled              = true
  model_id             = null
  name                 = "Tracks"
  reverse_etl_schedule = null
  settings             = "{\"event\":{\"@path\":\"$.event\"},\"distinct_id\":{\"@path\":\"$.userId\"}}"
  trigger              = "type = \"track\""
}

resource "segment_destination_subscription" "id-5c0e_s2" {
  action_id      = "act1"
  destination_id = "5c0e"
  enabled        = true
  model_id       = "model1"
  name           = "Warehouse rows"
  reverse_etl_schedule = {
    config = jsonencode({
      interval = "1h"
    })
    strategy = "PERIODIC"
  }
  settings = jsonencode({
    event = {
      "@template" = "Firm {{properties.firm_id}}"
    }
  })
  trigger = "event = \"new\" or event = \"updated\""
}

import {
  to = segment_destination_filter.id-5c0e_f1
  id = "5c0e:f1"
}

resource "segment_destination_filter" "id-5c0e_f1" {
  actions = [
    {
      fields = jsonencode({
        properties            = ["card", "iban"]
        "properties.products" = ["cost"]
      })
      path    = null
      percent = null
      type    = "DROP_PROPERTIES"
    },
    {
      fields  = null
      path    = "userId"
      percent = 0.25
      type    = "SAMPLE"
    },
  ]
  description    = null
  destination_id = "5c0e"
  enabled        = true
  if             = "type = \"track\" and contains ( event , \"Order\" )"
  source_id      = "src1"
  title          = "cards"
}

resource "segment_destination_filter" "id-5c0e_f2" {
  actions        = [{ fields = null, path = null, percent = null, type = "DROP" }]
  description    = null
  destination_id = "5c0e"
  enabled        = false
  if             = "(event != 'A' AND properties.x == null) OR (event != 'B')"
  source_id      = "src1"
  title          = "off and not FQL"
}

resource "segment_destination_filter" "id-77d1_f3" {
  actions        = [{ fields = null, path = null, percent = null, type = "DROP" }]
  destination_id = "77d1"
  enabled        = true
  if             = "type = \"page\""
  source_id      = "src1"
  title          = "another destination"
}
