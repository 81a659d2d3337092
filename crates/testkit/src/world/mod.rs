//! A world in memory.

mod granted;
mod jobs;
mod memory;
mod objects;
mod receipts;

pub use granted::granted;
pub use jobs::JobFate;
pub use memory::MemoryWorld;
pub use objects::Fate;
pub use receipts::MemoryReceipts;
