//! What listings cost the sandbox, and what objects take: `cargo bench -p s3ferry-sandbox --bench listings`.
//!
//! Each kind of content is in a sandbox of its own, which stays until the end: what the process grows by, over the
//! entries that a listing shows, is what one takes. CPU time is that of the sandbox's thread; the client, on another,
//! asks for one page after the other over one connection.
//!
//! The number of keys can be given: `cargo bench -p s3ferry-sandbox --bench listings -- 1000000`.

#![expect(clippy::print_stdout, reason = "its table is what a benchmark is for")]

#[path = "../shared/client.rs"]
#[expect(dead_code, reason = "the benchmark of migrations calls more")]
mod client;
#[path = "../shared/running.rs"]
mod running;

use std::io;
use std::time::Instant;

use client::{Client, Request};
use running::{Running, resident_mb};
use serde_json::{Value, json};

const ACCOUNT: &str = "111111111111";

/// Pages that are measured; a listing that has fewer is listed to its end.
const PAGES: usize = 400;

fn main() -> io::Result<()> {
    let keys = keys();
    println!(
        "content      fill s   bytes an entry   listing              CPU us an entry   entries a second and core"
    );
    for (name, seed, kept) in contents(keys) {
        let (before, started) = (resident_mb()?, Instant::now());
        let running = Running::start(seed)?;
        let (filled, grown) = (started.elapsed().as_secs_f64(), resident_mb()? - before);
        let mut client = running.client(ACCOUNT, "eu-west-1")?;
        // Of what is computed nothing is kept.
        let each = if kept > 0.0 {
            grown * 1_048_576.0 / kept
        } else {
            0.0
        };
        for (listing, markers) in [("versions=", VERSIONS), ("list-type=2", OBJECTS)] {
            let cpu = running.cpu_ms()?;
            let entries = list(&mut client, listing, markers)?;
            let cost = (running.cpu_ms()? - cpu) * 1e3 / entries.max(1) as f64;
            println!(
                "{name:<10} {filled:>8.1} {each:>16.0}   {listing:<12} {entries:>9} {cost:>13.2} {:>27.0}",
                1e6 / cost
            );
        }
    }
    Ok(())
}

/// Tests run every benchmark, too, without `--bench`: then it is short.
fn keys() -> u64 {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if !words.iter().any(|word| word == "--bench") {
        return 1_500;
    }
    let mut given = words.iter().filter_map(|word| word.parse().ok());
    given.next().unwrap_or(1_000_000)
}

/// Each content with its name, and how many entries of it are kept.
fn contents(keys: u64) -> [(&'static str, Value, f64); 3] {
    let end = |name: &str, account: &str, region: &str| json!({ "name": name, "account": account, "region": region });
    let source = end("listed", ACCOUNT, "eu-west-1");
    let destination = end("replicas", "222222222222", "eu-central-1");
    let pair = |keys: u64| {
        json!({
            "source": source, "destination": destination, "keys": keys, "key": "orders/{}.json",
            "folders": [2, 2], "size": [1, 200], "versions_every": 4,
        })
    };
    let mut objects = source.clone();
    objects["versioning"] = json!("Enabled");
    objects["objects"] = json!([{ "key": "orders/{}.json", "count": keys, "size": [1, 200] }]);
    [
        ("objects", json!({ "buckets": [objects] }), keys as f64),
        ("pair", json!({ "pairs": [pair(keys)] }), keys as f64 * 2.5),
        (
            "synthetic",
            json!({ "synthetic": [pair(100_000_000)] }),
            0.0,
        ),
    ]
}

/// The parameters that lead to the next page, with the elements of a reply that they come from.
type Markers = &'static [(&'static str, &'static str)];

const VERSIONS: Markers = &[
    ("key-marker", "NextKeyMarker"),
    ("version-id-marker", "NextVersionIdMarker"),
];
const OBJECTS: Markers = &[("continuation-token", "NextContinuationToken")];

/// Lists page after page; returns how many entries came.
fn list(client: &mut Client, listing: &str, markers: Markers) -> io::Result<usize> {
    let (mut entries, mut after) = (0, Vec::new());
    for _ in 0..PAGES {
        let mut query = after.clone();
        query.extend([listing.to_owned(), "encoding-type=url".to_owned()]);
        query.sort();
        let reply = client.send(Request {
            service: "s3",
            method: "GET",
            path: "/listed",
            query: &query.join("&"),
            ..Request::default()
        })?;
        let reply = reply.expect(200)?;
        entries += reply.body.matches("<Key>").count();
        if reply.element("IsTruncated")? != "true" {
            break;
        }
        after.clear();
        for (parameter, element) in markers {
            let value = reply.element(element)?;
            // Keys come encoded but for their slashes.
            let value = value.replace('/', "%2F").replace('=', "%3D");
            after.push(format!("{parameter}={value}"));
        }
    }
    Ok(entries)
}
