# A source with transformations, functions and a tracking plan, and its Mixpanel destination.
resource "segment_source" "web" {
  slug     = "web"
  name     = "Web"
  enabled  = true
  metadata = { id = "IqDTy1TpoU" }
  settings = jsonencode({})
  lifecycle {
    prevent_destroy = true
  }
}

resource "segment_destination" "mixpanel" {
  name      = "Mixpanel of the bakery"
  enabled   = true
  source_id = segment_source.web.id
  metadata  = { id = "615c7438d93d9b61b1e9e192" }
  settings  = jsonencode({ projectToken = "49cef5053ac473efc2f2a67f7e0023c0" })
}

resource "segment_destination_subscription" "sales" {
  destination_id = segment_destination.mixpanel.id
  name           = "Track Calls"
  enabled        = true
  action_id      = "8jYbnfX5kDLr1vNZeSg6Wa"
  trigger        = "type = \"track\""
  settings       = jsonencode({ event = { "@path" = "$.event" }, properties = { "@path" = "$.properties" } })
}

resource "segment_transformation" "one_name" {
  name                           = "One name for sales"
  enabled                        = true
  source_id                      = segment_source.web.id
  if                             = "event = 'Bread Sold'"
  new_event_name                 = "Loaf Sold"
  property_renames               = [{ old_name = "properties.till", new_name = "properties.register" }]
  property_value_transformations = [{ property_paths = ["properties.shop"], property_value = "bakery" }]
  fql_defined_properties         = []
}

resource "segment_transformation" "for_mixpanel" {
  name                           = "Totals as revenue"
  enabled                        = false
  source_id                      = segment_source.web.id
  destination_metadata_id        = "615c7438d93d9b61b1e9e192"
  if                             = "type = 'track'"
  property_renames               = [{ old_name = "properties.total", new_name = "properties.revenue" }]
  property_value_transformations = []
  fql_defined_properties         = []
}

resource "segment_function" "enrich" {
  code          = file("enrich.js")
  display_name  = "enrich"
  resource_type = "INSERT_DESTINATION"
  settings      = []
}

resource "segment_insert_function_instance" "enrich" {
  integration_id = segment_destination.mixpanel.id
  function_id    = segment_function.enrich.id
  name           = "enrich"
  enabled        = true
  settings       = jsonencode({})
}

resource "segment_source_tracking_plan_connection" "plan" {
  source_id        = segment_source.web.id
  tracking_plan_id = "tp_1"
  schema_settings = {
    track    = { allow_unplanned_events = false, common_event_on_violations = "ALLOW" }
    identify = { allow_unplanned_traits = true }
  }
}
