//! Reads that come too fast: S3 takes so many in a second of each prefix that it has parted a bucket into
//! (UG:optimizing-performance), where the switch for it is on.
//!
//! How S3 parts a bucket is its own affair; here a part is what keys have up to their first slash, and a listing reads
//! the part that it has come to.

use s3s::S3Result;

use super::listing::after_token;
use super::request::Call;
use crate::s3::errors::fault;
use crate::s3::state::world::Store;
use crate::wire::Form;

/// GET and HEAD of objects, and listings.
const READS: [&str; 6] = [
    "GetObject",
    "GetObjectAttributes",
    "HeadObject",
    "ListObjectVersions",
    "ListObjects",
    "ListObjectsV2",
];

/// Refuses a read beyond the rate.
pub(crate) fn check(
    store: &Store,
    call: &Call<'_>,
    operation: &str,
    (bucket, key): (&str, Option<&str>),
) -> S3Result<()> {
    let most = store.environment.switches.delays().reads_per_prefix;
    if most == 0 || !READS.contains(&operation) {
        return Ok(());
    }
    let place = key.map_or_else(|| place(call), str::to_owned);
    let part = place.split_inclusive('/').next();
    let part = part.filter(|part| part.ends_with('/')).unwrap_or_default();
    let prefix = format!("{bucket}/{part}");
    let now = store.environment.clock.now();
    if store.pace().is_too_fast(&prefix, most, now) {
        return Err(fault(503, "SlowDown", "Please reduce your request rate."));
    }
    Ok(())
}

/// Returns the key that a listing has come to.
fn place(call: &Call<'_>) -> String {
    let query = Form::parse(call.uri.query().unwrap_or_default());
    let given = ["prefix", "key-marker", "marker", "start-after"];
    let given = given.iter().filter_map(|name| query.get(name));
    let token = query.get("continuation-token");
    let token = token.and_then(|token| after_token(token).ok());
    let places = given.map(str::to_owned).chain(token);
    places.max().unwrap_or_default()
}
