//! What is drawn from the table of fields: the JSON Schema, the reference page and the starter.

mod reference;
mod schema;
mod starter;

pub use reference::reference;
pub use schema::json_schema;
pub use starter::starter;
