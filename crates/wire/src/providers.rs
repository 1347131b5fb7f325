//! The providers of a place: indoor positioning and floor plans.

use moca_core::{
    limits::{AREA_M2_MAX, FLOORS_MAX, PLAN_SIDE_MAX, SECRET_CHARS_MAX},
    provider::{FloorPlanProvider, LocationProvider},
};

use crate::{
    links,
    read::Fields,
    schema::{self, Schema},
    secret::{self, SecretInput},
    values,
};

pub(crate) fn location_schema() -> Schema {
    schema::object([
        schema::defaulted("enabled", schema::boolean(), true, "Whether it is used."),
        schema::optional(
            "locationType",
            schema::code(),
            "The vendor's way of finding positions.",
        ),
        schema::optional("siteId", schema::code(), "The place in the vendor's system."),
        schema::optional("accessKey", schema::code(), "Who asks the vendor."),
        schema::write_only(
            "secretKey",
            schema::line(SECRET_CHARS_MAX),
            "The secret that goes with the access key. It is never answered; left out, it stays as it \
             is, and null takes it away.",
        ),
        schema::owned("hasSecretKey", schema::boolean(), "Whether a secret is kept."),
    ])
    .titled("Location provider")
}

/// Reads a location provider, and its secret apart from it.
pub(crate) fn read_location(
    fields: &mut Fields<'_, '_>,
) -> Option<(LocationProvider, SecretInput)> {
    fields.owned(&["hasSecretKey"]);
    let enabled = fields.optional("enabled", values::boolean);
    let provider = LocationProvider {
        enabled: enabled.unwrap_or(true),
        location_type: fields.optional("locationType", values::code),
        site_id: fields.optional("siteId", values::code),
        access_key: fields.optional("accessKey", values::code),
        // Whoever seals the secret says so.
        has_secret_key: false,
    };
    Some((provider, fields.secret("secretKey", secret::line)))
}

pub(crate) fn floor_plan_schema() -> Schema {
    let side = || schema::number(0.0, PLAN_SIDE_MAX);
    schema::object([
        schema::optional("providerName", schema::name(), "The vendor."),
        schema::optional("accessKey", schema::code(), "Who asks the vendor."),
        schema::optional("mapID", schema::code(), "The plan in the vendor's system."),
        schema::optional("title", schema::name(), "What it shows."),
        schema::optional("url", schema::web_url(), "Where it is."),
        schema::optional("height", side(), "Height of the plan."),
        schema::optional("width", side(), "Width of the plan, in the same unit."),
        schema::optional("numFloors", schema::integer(0, FLOORS_MAX), "Floors."),
        schema::optional("areaM2", schema::number(0.0, AREA_M2_MAX), "Square metres."),
    ])
    .titled("Floor plan provider")
}

pub(crate) fn read_floor_plan(fields: &mut Fields<'_, '_>) -> Option<FloorPlanProvider> {
    let side = values::number(0.0, PLAN_SIDE_MAX);
    Some(FloorPlanProvider {
        provider_name: fields.optional("providerName", values::name),
        access_key: fields.optional("accessKey", values::code),
        map_id: fields.optional("mapID", values::code),
        title: fields.optional("title", values::name),
        url: fields.optional("url", links::web_url),
        height: fields.optional("height", &side),
        width: fields.optional("width", &side),
        num_floors: fields.optional("numFloors", values::integer(0, FLOORS_MAX)),
        area_m2: fields.optional("areaM2", values::number(0.0, AREA_M2_MAX)),
    })
}
