# A Mixpanel (Actions) destination, as one writes it for the provider segmentio/segment.
terraform {
  required_providers {
    segment = { source = "segmentio/segment" }
  }
}

variable "project_token" {
  type    = string
  default = "49cef5053ac473efc2f2a67f7e0023c0"
}

variable "api_secret" {
  type      = string
  sensitive = true
}

locals {
  viewed = "Viewed"
  common = {
    distinct_id = { "@path" = "$.userId" }
    insert_id   = { "@path" = "$.messageId" }
  }
}

/* The destination,
   with its settings. */
resource "segment_destination" "mixpanel" {
  enabled   = true
  name      = "Mixpanel of the shop"
  source_id = segment_source.web.id
  metadata = {
    contacts      = null
    id            = "615c7438d93d9b61b1e9e192"
    partner_owned = true
  }
  settings = jsonencode({
    "apiRegion" : "EU 🇪🇺",
    "apiSecret" : var.api_secret,
    projectToken = var.project_token // no secret
    strictMode   = "0"
  })
}

resource "segment_destination_subscription" "tracks" {
  destination_id = segment_destination.mixpanel.id
  name           = "Track Calls"
  enabled        = true
  action_id      = "8jYbnfX5kDLr1vNZeSg6Wa"
  model_id       = null
  trigger        = "type = \"track\" and event != \"Order Completed\""
  settings = jsonencode(merge(local.common, {
    event = { "@path" = "$.event" }
    event_properties = {
      "@merge" = {
        direction = "right"
        objects   = [{ "@path" = "$.context.traits" }, { "@path" = "$.properties" }]
      }
    }
    batch_size      = 1000
    enable_batching = true
  }))
}

resource "segment_destination_subscription" "pages" {
  destination_id = segment_destination.mixpanel.id
  name           = "${local.viewed} pages"
  enabled        = false
  action_id      = "8jYbnfX5kDLr1vNZeSg6Wa"
  trigger        = <<-EOT
    type = "page"
  EOT
  settings       = "{\"event\":{\"@template\":\"Viewed {{name}}\"},\"time\":{\"@path\":\"$.timestamp\"}}"
}

resource "segment_destination_subscription" "profiles" {
  destination_id = segment_destination.mixpanel.id
  name           = "Profiles"
  enabled        = true
  action_id      = "w5TNzhc5JpWNPnRVSt9vG1"
  trigger        = "type = \"identify\""
  settings = jsonencode({
    user_id = { "@path" = "$.userId" }
    traits  = { "@path" = "$.traits" }
  })
}

resource "segment_destination_subscription" "other" {
  destination_id = segment_destination.webhook.id
  name           = "Webhook send subscription"
  enabled        = true
  action_id      = "abc123"
  trigger        = "type = \"track\""
  settings       = jsonencode({ "url" : "https://webhook.example/abc-123", "method" : "POST" })
}
