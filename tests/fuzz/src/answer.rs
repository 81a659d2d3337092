//! What judges answers, compiled without the SDK.

#[path = "../../../crates/aws/src/answer/elements.rs"]
pub(crate) mod elements;
#[path = "../../../crates/aws/src/answer/shape.rs"]
pub(crate) mod shape;
