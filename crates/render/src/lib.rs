//! Plans drawn as text; pure.
//!
//! Everything is drawn from a [`PlanFile`](s3ferry_core::plan::format::PlanFile) and from nothing else: the same
//! plan gives the same bytes. No text that came from outside (keys, tags, policies, messages) reaches the page
//! unescaped, so that it can't forge a line of a review, drive a terminal or notify people.
//!
//! ```text
//! Change --detail--> lines with a sign --text--> Page (wraps, colours, sanitizes)
//! ```
//!
//! Start reading at [`text()`]; how one change is shown is in `detail`.

mod detail;
mod leaf;
mod page;
mod sanitize;
mod statement;
mod steps;
mod text;
mod view;
mod words;

pub use page::Style;
pub use sanitize::sanitize;
pub use text::text;
pub use words::{bytes, duration, number, plural};
