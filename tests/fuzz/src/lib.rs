//! What holds for any input, one function an input: each takes any bytes, and panics where a promise is broken.
//!
//! The fuzzers (`targets/`) look for inputs that break one; `tests/replay.rs` tries the inputs that were kept, with nothing but
//! Rust. `README.md` tells how to run them.

mod answer;
mod listing;
mod plan;
mod policy;
mod receipt;
mod shown;
mod xml;
mod yaml;

pub use listing::listing;
pub use plan::plan;
pub use policy::policy;
pub use receipt::receipt;
pub use xml::xml;
pub use yaml::yaml;

/// What tries one input.
pub type Try = fn(&[u8]);

/// Every fuzzer by its name, which is also that of its corpus.
pub const TARGETS: [(&str, Try); 6] = [
    ("yaml", yaml),
    ("plan", plan),
    ("receipt", receipt),
    ("xml", xml),
    ("policy", policy),
    ("listing", listing),
];
