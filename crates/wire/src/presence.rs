//! How a place is entered and left.

use moca_core::{
    limits::{
        ACCURACY_M_MAX, BEACON_EXIT_MS, BEACON_EXIT_MS_MAX, BEACON_EXIT_MS_MIN, CONFIRM_MS,
        CONFIRM_MS_MAX, EXIT_MARGIN_M, EXIT_MARGIN_M_MAX, FIX_ACCURACY_M, FIX_ACCURACY_M_MIN,
        PATH_CROSSING_MS_MAX, PATH_SPEED_M_S_MAX,
    },
    presence::PresenceConfig,
};

use crate::{
    read::Fields,
    schema::{self, Schema},
    values,
};

pub(crate) fn schema() -> Schema {
    schema::object([
        schema::optional(
            "exitMarginM",
            schema::number(0.0, EXIT_MARGIN_M_MAX),
            &format!(
                "Metres outside the geofence at which nobody has left it yet; {EXIT_MARGIN_M} unless \
                 said. Where a fix is less accurate, its accuracy is the margin."
            ),
        ),
        schema::optional(
            "confirmMs",
            schema::integer(0, CONFIRM_MS_MAX),
            &format!(
                "Milliseconds for which fixes whose error circle lies across the border have to agree \
                 until they are believed; {CONFIRM_MS} unless said."
            ),
        ),
        schema::optional(
            "accuracyMaxM",
            schema::number(FIX_ACCURACY_M_MIN, ACCURACY_M_MAX),
            &format!(
                "Metres of error beyond which a fix is not looked at; {FIX_ACCURACY_M} unless said."
            ),
        ),
        schema::optional(
            "beaconExitMs",
            schema::integer(BEACON_EXIT_MS_MIN, BEACON_EXIT_MS_MAX),
            &format!(
                "Milliseconds after which a beacon that is not seen is left; {BEACON_EXIT_MS} unless \
                 said."
            ),
        ),
        schema::optional(
            "pathCrossingMs",
            schema::integer(0, PATH_CROSSING_MS_MAX),
            &format!(
                "Milliseconds between two fixes up to which the straight path between them counts: a \
                 geofence that it surely goes through is entered and left although no fix lies in it. \
                 0, which is usual: it never counts. Nor does a path faster than {PATH_SPEED_M_S_MAX} \
                 metres a second."
            ),
        ),
    ])
    .titled("Presence")
}

pub(crate) fn read(fields: &mut Fields<'_, '_>) -> Option<PresenceConfig> {
    let margin = values::number(0.0, EXIT_MARGIN_M_MAX);
    let accuracy = values::number(FIX_ACCURACY_M_MIN, ACCURACY_M_MAX);
    let beacon_exit = values::integer(BEACON_EXIT_MS_MIN, BEACON_EXIT_MS_MAX);
    Some(PresenceConfig {
        exit_margin_m: fields.optional("exitMarginM", margin),
        confirm_ms: fields.optional("confirmMs", values::integer(0, CONFIRM_MS_MAX)),
        accuracy_max_m: fields.optional("accuracyMaxM", accuracy),
        beacon_exit_ms: fields.optional("beaconExitMs", beacon_exit),
        path_crossing_ms: fields
            .optional("pathCrossingMs", values::integer(0, PATH_CROSSING_MS_MAX)),
    })
}
