//! Compares both sides by their inventories: files of rows in no order, read once, and what they leave in doubt seen live.
//!
//! ```text
//! place --where lists lie--> find --the newest two, whole--> files --fetched, MD5 seen--> a sum a partition and side
//! partitions that differ --> spill: their rows by groups that fit into memory --> joined by key and version, judged
//! what is not plainly equal or expected --> live: the key listed at both sides, judged as a comparison of listings does
//! ```
//! Or Athena joins them, where they lie: see [`mod@query`].
//!
//! Lists are of two moments, both gone by: what they say is a reason to look, and no more.

mod files;
mod find;
mod groups;
mod live;
mod place;
mod query;
mod run;

pub use find::{List, Lists, newest};
pub use place::place;
pub use query::{ByQuery, Queried, compare_by_query};
pub use run::compare_lists;

use s3ferry_verify::inventory::ManifestError;
use s3ferry_verify::inventory::query::Unsaid;

/// Why inventories cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// The spec says nothing of an inventory, and none of the bucket's own serves.
    #[error(
        "the spec declares no inventory of it, and it has none that is enabled, of every key and version, with size, ETag and time{}",
        found(others)
    )]
    NoConfiguration {
        /// Those that do not serve.
        others: Vec<String>,
    },
    /// No list is whole where they should lie.
    #[error("no complete list is in s3://{place}{}", found(passed))]
    NoList {
        /// Where they should lie.
        place: String,
        /// What is not whole.
        passed: Vec<String>,
    },
    /// A manifest that does not serve.
    #[error("s3://{manifest}: {why}")]
    Manifest {
        /// The manifest.
        manifest: String,
        /// Why not.
        why: ManifestError,
    },
    /// A list of another bucket.
    #[error("s3://{manifest} is of the bucket {of}")]
    Foreign {
        /// The manifest.
        manifest: String,
        /// What it is of.
        of: String,
    },
    /// A file is not what its manifest says.
    #[error("s3://{file} {why}")]
    File {
        /// The file.
        file: String,
        /// Why not.
        why: String,
    },
    /// Its folder cannot be said to Athena.
    #[error("s3://{place}: {why}")]
    Unsaid {
        /// The folder.
        place: String,
        /// Why not.
        why: Unsaid,
    },
    /// What Athena reads its files by does not name the files of its manifest.
    #[error("s3://{link} does not name the files that its manifest names")]
    Link {
        /// The file.
        link: String,
    },
    /// There is no room for the files, or they cannot be read again.
    #[error("cannot keep the lists: {0}")]
    Disk(String),
}

fn found(others: &[String]) -> String {
    if others.is_empty() {
        String::new()
    } else {
        format!(" (found: {})", others.join(", "))
    }
}
