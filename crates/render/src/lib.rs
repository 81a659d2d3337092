//! Plans drawn as text and Markdown; pure.
//!
//! All of a plan is drawn from its [`PlanFile`](s3ferry_core::format::PlanFile) and from nothing else (what callers need, from
//! [`CallerPermissions`](s3ferry_core::permissions::CallerPermissions)): the same
//! plan gives the same bytes. No text that came from outside (keys, tags, policies, messages) reaches the page
//! unescaped, so that it can't forge a line of a review, drive a terminal or notify people.
//!
//! ```text
//! Change --detail--> lines with a sign --text-----> Page (wraps, colours, sanitizes)
//!                                      --markdown-> items, dropped whole and counted where room is short
//! ```
//!
//! Start reading at [`text()`] and [`markdown()`]; how one change is shown is in `detail`.

mod budget;
mod bundle;
mod detail;
mod diagnosis;
mod drift;
mod escape;
mod json;
mod leaf;
mod markdown;
mod page;
mod permissions;
mod sanitize;
mod statement;
mod status;
mod steps;
mod text;
mod verification;
mod view;
mod words;

pub use diagnosis::{diagnosis_summary, diagnosis_text};
pub use drift::{drift_markdown, drift_summary, drift_text};
pub use markdown::markdown;
pub use page::Style;
pub use permissions::{
    permission_notes, permissions_json, permissions_terraform, permissions_text,
};
pub use sanitize::{sanitize, sanitize_json};
pub use status::{WatchedPage, status_text, watched_text};
pub use text::{Detail, changes, text};
pub use verification::{
    athena_ahead, athena_scanned, content_ahead, verification_junit, verification_summary,
    verification_text,
};
pub use view::summary;
pub use words::{bytes, duration, number, plural};
